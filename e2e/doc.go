// Package e2e tells journeys through a really started Avain.
//
//   - testdata/*.txtar are scripts a person can read: the built binary, driven as
//     a newcomer types it (script_test.go has the commands).
//   - *_test.go drive a server in the same process, with a clock and faults of
//     their own (harness_test.go).
//   - counterparts/ are servers and tools that we did not write.
package e2e
