// Package rig holds the real binary from outside, for suites that kill, stop and starve
// it: there is nothing in the product to be found and misused.
//
//   - binary.go builds avain, once a process;
//   - server.go starts, kills, stops and continues it;
//   - database.go is beside it in its database;
//   - provider.go is the sandbox as one account meets it: it can hold a refresh at a
//     named point (point.go), and keeps the book that judges go by;
//   - seat.go is one account: its application, its sign-ins and its calls.
//
// Start with [Server] and [Seat]. The TestMain of each package that uses it is [Main].
package rig
