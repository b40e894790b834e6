// Package docgen writes the pages of docs/reference that follow from the code: the
// commands and settings from the command line's own model, the errors from the
// catalogue of internal/fault. So they cannot say anything else than the program.
//
// cmd/avain's test TestReferenceIsCurrent writes them (go generate ./...) and fails
// where they are stale. Everything here is a pure function to text.
package docgen
