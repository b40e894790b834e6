// Package migration applies and lists an engine's migrations: what the dialects
// share of goose.
package migration
