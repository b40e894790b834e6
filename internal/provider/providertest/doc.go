// Package providertest is the conformance suite that every provider passes: what
// services rely on without asking which provider it is.
//
// A driver's test says how its stand-in is reached and how a person consents
// there, and calls [Run]:
//
//	providertest.Run(t, func(t *testing.T) providertest.Subject { … })
//
// Where the stand-in is the sandbox's, [Serve] and [Vendor.Subject] say all that.
//
// What is asked: authorize URL or form, exchange, identity, partial grant, refresh,
// missing and rotated refresh token, each class of failure, revocation, probes, the
// pass-through. What a provider has not it says with a reason (Subject.Without), or the
// suite fails; internal/provider/all has every driver run it. run.go has the list of
// tests, promise.go what may be left out, subject.go what a driver's test provides.
package providertest
