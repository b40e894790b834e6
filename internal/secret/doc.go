// Package secret gives secrets a type of their own, so that printing one by
// accident prints nothing of it.
//
// A [Text] shows itself as "[redacted]" to fmt, log/slog, encoding/json and
// html/template alike. The one way to the value is [Text.Reveal]: searching the
// source for that word lists every place where a secret leaves its wrapper.
//
// The package is a leaf: it imports nothing of Avain.
package secret
