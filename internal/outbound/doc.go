// Package outbound is the one place that makes HTTP clients for calls to other
// servers, so that bounds, proxies and measures are decided once.
//
// There are two callers. Endpoints that the operator configured, and a provider's own:
// [Clients.API] is for token and identity calls (small answers, a short time),
// [Clients.Stream] for the pass-through (no bound on the body, one on the wait for the
// first byte). Both honour the proxy settings of the environment.
//
// Hosts that people type (IMAP, SMTP, Exchange): [Clients.Typed], and nothing else.
// Start reading at [Typed]; the guard and its table of addresses are in address.go,
// names and ports in host.go, DNS in resolver.go, the bounds of a raw connection in
// conn.go, the HTTP client with its redirects in redirect.go, the one of a login that is
// bound to its connection in pinned.go, the one for what domains publish in probe.go,
// the errors in failure.go.
package outbound
