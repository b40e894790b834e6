// Package signin draws the pages that an end user sees in the flow: what went
// wrong, what was left out, whom to ask, and the way back to the application.
//
// The person knows the application, not Avain. So a page says one human sentence
// first, then what to do next, then the way back; code and request id stand small
// below, for whoever helps them.
//
// The pages need no JavaScript and load nothing: the style sheet is inlined, and
// the Content-Security-Policy names its hash. They are never stored, never framed
// and send no referrer, since the way back may carry an authorization code; the form
// alone tells ours, so that we know it again.
//
// A page is a Go file with its words and a template of the same name, drawn inside
// layout.html. Start reading at pages.go, then error.go, the page of a fault.
// link.go decides which addresses become links.
package signin
