package e2e_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/avain-project/avain/openapi"
)

// Whether a request is one that the document allows. Where it can say so, it must
// refuse what the server refuses.
const (
	takes   = true
	refuses = false
)

// contract is our OpenAPI document, against which real requests and answers are held.
type contract struct {
	t   testing.TB
	doc *openapi3.T
}

func documented(t testing.TB) contract {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(openapi.Document()))
	if err != nil {
		t.Fatal(err)
	}
	return contract{t: t, doc: doc}
}

// call sends a program's request and holds it and its answer against the document.
func (c contract) call(w *world, takes bool, status int, method, target, body string, headers ...string) answer {
	c.t.Helper()
	a := w.call(method, target, strings.NewReader(body), headers...)
	c.check(a, takes, status, method, target, body, headers...)
	return a
}

func (c contract) check(a answer, takes bool, status int, method, target, body string, headers ...string) {
	c.t.Helper()
	if a.status != status {
		c.t.Errorf("%s %s: answered %d %s, want %d", method, target, a.status, a.body, status)
		return
	}
	input := c.input(method, target, body, headers)
	switch err := openapi3filter.ValidateRequest(c.t.Context(), input); {
	case takes && err != nil:
		c.t.Errorf("%s %s: the document refuses the request: %v", method, target, err)
	case !takes && err == nil:
		c.t.Errorf("%s %s: the document takes a request that the server answers with %d %s", method, target, a.status, a.body)
	}
	err := openapi3filter.ValidateResponse(c.t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: a.status, Header: a.header, Body: io.NopCloser(strings.NewReader(a.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		c.t.Errorf("%s %s: the answer is not as documented: %v", method, target, err)
	}
}

func (c contract) input(method, target, body string, headers []string) *openapi3filter.RequestValidationInput {
	c.t.Helper()
	var sent io.Reader
	if body != "" {
		sent = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, target, sent)
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	route, values := c.route(method, r.URL)
	return &openapi3filter.RequestValidationInput{
		Request: r, Route: route, PathParams: values,
		Options: &openapi3filter.Options{AuthenticationFunc: carries},
	}
}

// placeholder is a path parameter; that of the pass-through spans slashes, which
// no router for OpenAPI documents knows of.
var placeholder = regexp.MustCompile(`\{(\w+)\}`)

func (c contract) route(method string, u *url.URL) (*routers.Route, map[string]string) {
	c.t.Helper()
	for template, item := range c.doc.Paths.Map() {
		pattern := placeholder.ReplaceAllStringFunc(template, func(p string) string {
			if p == "{path}" {
				return "(.+)"
			}
			return "([^/]+)"
		})
		found := regexp.MustCompile("^" + pattern + "$").FindStringSubmatch(u.EscapedPath())
		operation := item.GetOperation(method)
		if found == nil || operation == nil {
			continue
		}
		values := map[string]string{}
		for i, name := range placeholder.FindAllStringSubmatch(template, -1) {
			values[name[1]] = found[i+1]
		}
		return &routers.Route{Spec: c.doc, Path: template, PathItem: item, Method: method, Operation: operation}, values
	}
	c.t.Fatalf("%s %s is not in the document", method, u.Path)
	return nil, nil
}

// object holds the answer in a redirect's query against a schema.
func (c contract) object(schema string, query url.Values) {
	c.t.Helper()
	fields := map[string]any{}
	for name := range query {
		fields[name] = query.Get(name)
	}
	c.is(schema, fields)
}

func (c contract) is(schema string, value any) {
	c.t.Helper()
	if err := c.doc.Components.Schemas[schema].Value.VisitJSON(value); err != nil {
		c.t.Errorf("%v is no %s: %v", value, schema, err)
	}
}

// carries tells whether a request has what a security scheme asks for, right or wrong.
func carries(_ context.Context, input *openapi3filter.AuthenticationInput) error {
	r, scheme := input.RequestValidationInput.Request, input.SecurityScheme
	authorization := r.Header.Get("Authorization")
	switch {
	case scheme.Type == "apiKey" && r.Header.Get(scheme.Name) != "":
	case scheme.Scheme == "basic" && strings.HasPrefix(authorization, "Basic "):
	case scheme.Scheme == "bearer" && strings.HasPrefix(authorization, "Bearer "):
	default:
		return errors.New("the request does not carry it")
	}
	return nil
}
