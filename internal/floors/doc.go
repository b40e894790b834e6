// Package floors keeps the house in order: its test reads every package's imports from the go command and
// fails where one reaches for a floor that it should not know. A request enters by a face, is served by a
// service, reaches a provider through credential and rests on the ground; imports point only downwards.
//
// The table is house in floors_test.go. A new package under internal/ gets a line there first: where it
// stands says what it may import, so that line is a decision worth a minute. The test also keeps go.mod
// installable by `go install` and on the one version of modernc.org/libc that SQLite was tested with.
//
// It imports nothing of the house, and nothing imports it.
package floors
