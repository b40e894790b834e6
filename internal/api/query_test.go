package api

import (
	"net/http/httptest"
	"testing"
)

func TestFlags(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]bool{"": false, "a=": false, "a=true": true, "a=True": true, "a=1": true, "a=FALSE": false, "a=0": false} {
		if q := queryOf(httptest.NewRequest("GET", "/?"+query, nil)); q.flag("a") != want || q.err != nil {
			t.Errorf("%q: not %t, %v", query, want, q.err)
		}
	}
	for _, query := range []string{"a=yes", "a=true&a=false", "a=%zz"} {
		q := queryOf(httptest.NewRequest("GET", "/?"+query, nil))
		if _ = q.flag("a"); q.err == nil {
			t.Errorf("%q is taken", query)
		}
	}
}

// Two of a header that says who calls, or for whom, are no header.
func TestHeadersThatDisagree(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(*Server) error{
		"Authorization": func(s *Server) error {
			r := httptest.NewRequest("GET", "/v1/account", nil)
			r.Header["Authorization"] = []string{"Basic YTpi", "Bearer x"}
			_, err := s.application(r)
			return err
		},
		accountHeader: func(*Server) error {
			r := httptest.NewRequest("GET", "/v1/account", nil)
			r.Header[accountHeader] = []string{"7", "8"}
			_, err := namedAccount(r)
			return err
		},
	} {
		if err := read(&Server{}); err == nil {
			t.Errorf("two of %s are taken", name)
		}
	}
}
