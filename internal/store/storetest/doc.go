// Package storetest opens throw-away stores for tests ([Open]) and holds the
// suite that every engine passes ([Run]).
package storetest
