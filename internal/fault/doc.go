// Package fault is the catalogue of everything that can go wrong for a caller.
//
// A fault has a code, which is part of the wire contract, a [Kind], which the
// faces turn into an HTTP status, and a sentence that tells a person what to do
// next. It is made where the trouble happens ([New], [Wrap]) and shown in one
// place (internal/api). The cause travels with it to the log and never to the
// caller: an error that is no fault is shown as [Internal], without its text.
//
// docs/reference/errors.md is generated from [Catalogue].
//
// The package is a leaf: it imports nothing of Avain.
package fault
