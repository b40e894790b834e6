// Package rota shares out the places of the work in the background: whose due refresh comes
// next, and when.
//
// Each registration and each provider has a limit of refreshes at once and a second. Places
// go round: a registration with a hundred thousand accounts due gets one when each other that
// waits has had one. It knows no store and no clock but what it is given; [Rota] is where to
// start.
package rota
