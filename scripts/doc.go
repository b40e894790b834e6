// Package scripts holds no Go but the tests of the shell scripts beside it: setup makes a machine ready for
// the tests, with-postgres runs a command beside a database server, test-all runs every test, verify runs all that must hold, check-generated finds stale generated files. The Makefile is
// how people call them.
package scripts
