// Package echo has the API paths that are no vendor's: they judge a pass-through.
package echo
