// Package gate stands in front of every endpoint of a sandbox vendor: it counts
// the call and, where a fault is set for that endpoint, plays the fault in place
// of (or on top of) the real answer. The sandbox's /_control paths are its
// switchboard.
//
// fault.go says which faults there are, wire.go reads them from JSON, play.go
// plays them.
package gate
