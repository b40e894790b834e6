// Package webhook tells applications what becomes of their accounts: it delivers the
// events that the store has written beside each change.
//
// Start with [Service.Deliver] in deliver.go: it claims the URLs that have something
// waiting, one process a URL, and sends them what is due, each account's events in their
// order. What is sent is in payload.go, how it is signed in sign.go, what becomes of a
// try in attempt.go. The queue is the store's (store/delivery.go).
//
// The URLs are typed by people, so calls go through outbound's guard for typed hosts, and
// of a failure no more is kept or said than [Unreachable], [Timeout] or [WrongAnswer].
// Neither URLs, which may hold a secret, nor bodies are logged.
package webhook
