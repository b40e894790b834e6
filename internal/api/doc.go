// Package api is the wire contract: Aurinko's HTTP API as clients meet it.
//
// routes.go has every route on one screen; each resource has a file of its own.
// All JSON of the wire, in both directions, is declared here and nowhere else.
// oauth.go and its neighbours speak OAuth 2.0 to whoever does not know the contract.
// Errors come from below as faults; errors.go is the one place that shows them,
// as the contract's JSON or, on the flow's routes and for a browser, as a page.
//
// A request passes, from outside in: observe.go (request id, one log line,
// metrics, limits), server.go (the pass-through is taken off on the raw path; the
// rest goes to the mux), then its handler.
package api
