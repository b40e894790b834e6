// Package storetest opens throw-away stores for tests ([Open]) and holds the suite
// that every engine passes ([Run]). What needs PostgreSQL ([NewPostgres]) finds it by
// scripts/with-postgres, or ends the test as internal/testenv says.
package storetest
