// Package postgres is the store's engine on PostgreSQL 13 or newer, and its
// migrations. Several processes share one database.
//
// Start with [Open]. Each connection (conn.go) bounds its statements and keeps text
// to what PostgreSQL takes. Writes (write.go) run side by side in READ COMMITTED:
// the statements of package store lock the rows that they decide upon, and what
// PostgreSQL breaks off (deadlocks, serialization failures) runs again. Changes of
// other processes are found by the server's snapshot (changes.go).
//
// Nothing here outlives its transaction on the server: no session lock, no setting,
// no listener. So a pooler in transaction mode (PgBouncer) may stand in between.
package postgres
