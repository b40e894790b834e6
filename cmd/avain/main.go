// Command avain is the whole of Avain: the server, the demo, and what operators
// type beside them.
//
// Each command is a small file named after it: its flags as a struct, and a Run
// that calls one method of internal/operator, internal/app or internal/demo and
// prints the answer. Start at cli.go, which lists them all.
package main

import "os"

//go:generate go test -run=^TestReferenceIsCurrent$ . -update

func main() {
	os.Exit(run(os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}
