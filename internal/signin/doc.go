// Package signin draws the pages that an end user sees in the flow: what went
// wrong, what was left out, whom to ask, and the way back to the application.
//
// The person knows the application, not Avain. So a page says one human sentence
// first, then what to do next, then the way back; code and request id stand small
// below, for whoever helps them.
//
// The pages need no JavaScript and load nothing but the application's logo, from our
// own host: the style sheet is inlined, with the application's colours, and the
// Content-Security-Policy names its hash. They are never stored, never framed
// and send no referrer, since the way back may carry an authorization code; the form
// alone tells ours, so that we know it again.
//
// A page is a Go file and a template of the same name, drawn inside layout.html; its
// words are in the folder texts, in every language that there is. Start reading at
// pages.go, then error.go, the page of a fault. look.go finds the words, theme.go
// the colours; link.go decides which addresses become links.
package signin
