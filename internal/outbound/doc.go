// Package outbound is the one place that makes HTTP clients for calls to other
// servers, so that bounds, proxies and measures are decided once.
//
// Calls to endpoints that the operator configured honour the proxy settings of
// the environment. Hosts that a user types (Exchange, IMAP) will get a second
// kind of client, with an address guard, together with the first provider that
// needs one.
//
// [Clients.API] is for token and identity calls: small answers, a short time.
// [Clients.Stream] is for the pass-through: no bound on the body, a bound on the
// wait for the first byte.
package outbound
