// Package providertest is the conformance suite that every provider passes: what
// services rely on without asking which provider it is.
//
// A driver's test says how its stand-in is reached and how a person consents
// there, and calls [Run]:
//
//	providertest.Run(t, func(t *testing.T) providertest.Subject { … })
//
// Where the stand-in is the sandbox's, [Serve] and [Vendor.Subject] say all that.
// Capabilities that the driver does not implement are not asked for. run.go has
// the list of promises, subject.go what a driver's test provides.
package providertest
