// Package scope knows the unified scopes of the wire contract: the vendor-neutral
// names (Mail.Read, Calendar.ReadWrite, …) in which an application asks for access.
//
// It parses the spellings that real clients send, knows which scope implies which,
// and does set arithmetic. What a unified scope means at one provider stands in
// that provider's folder (internal/provider/<name>), not here.
//
// The package is a leaf: it imports nothing of Avain.
package scope
