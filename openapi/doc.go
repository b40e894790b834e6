// Package openapi holds avain.yaml, the OpenAPI 3.0 document of every route that
// Avain serves, for generators of clients and for people.
//
// It is written by hand. Tests keep it true: those here compare it with the
// server's routes and bounds, e2e/openapi_test.go with a running server's answers.
//
// The package is a leaf: internal/api serves what it holds.
package openapi

import _ "embed"

//go:embed avain.yaml
var document string

// Document is avain.yaml as it is served: UTF-8 text.
func Document() string { return document }
