// Package sqlite is the store's engine on one SQLite file, and its migrations.
//
// Reads go to a pool of connections. Writes go through one connection and one
// goroutine (writer.go): those that wait are put together into one transaction,
// a savepoint each, so that many share the one disk flush that makes them
// durable. Start with [Open]; the schema is in migrations/.
package sqlite
