// Package imap connects mailboxes that know neither OAuth nor an API: by a form with
// an address and a password, proven at the mailbox's own servers by IMAP (RFC 3501,
// 9051) and, where the application asks to send, by SMTP submission (RFC 6409).
//
// What holds for every sign-in:
//
//   - one connection and one login attempt a server, IMAP first; a password that was
//     refused is not tried again, not at the next server either
//   - TLS from the first byte or by STARTTLS, with the certificate checked against the
//     host's name; unencrypted only at hosts that the operator has listed
//   - connections are made by outbound.Typed, which knows what people may not reach
//   - time and bytes are bounded, and what a server says is for the log alone
//
// Settings come from the form, else from the bundled list of large hosts (hosts.go);
// for any other domain a guess is put into the form, and no password goes there
// before the person has seen it.
//
// Start reading at imap.go. form.go reads the form, link.go reaches a server,
// mailbox.go and submission.go sign in there, troubles.go is what can go wrong.
package imap
