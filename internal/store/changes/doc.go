// Package changes counts what has changed in a database, for [store.Engine]'s
// Changes: commits of this process as they happen, those of others by a look four
// times a second. Start with [Watch].
package changes
