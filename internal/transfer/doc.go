// Package transfer brings accounts in from other systems, and out to them: one JSON object
// a line ([Row]), documented in docs/moving.md.
//
// Nothing here asks a provider. An import believes what the file says of whose a grant is;
// an export writes what is stored. So an import can neither use up a refresh token nor tell
// whether it works: the account's first use does.
//
//	lines.go    lines of bounded length
//	row.go      the form of a row
//	check.go    a row on its own: what it says, or why not (login.go, place.go)
//	import.go   reads, deals rows out to workers, collects their reports
//	batch.go    a worker: what is there already, what a row changes, one write a batch
//	export.go   accounts out
//	crypt.go    the encryption of exports (age)
//
// A row is imported whole or not at all. Reasons for its rejection name members of the row
// and never repeat a value: a column that has slipped may be a password.
package transfer
