package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/avain-project/avain/internal/fault"
)

// directory knows one alias host, and counts who asks.
type directory struct {
	asked int
	err   error
}

func (d *directory) AliasOrigin(_ context.Context, host string) (string, error) {
	d.asked++
	if host == "connect.example" {
		return "https://connect.example", d.err
	}
	return "", d.err
}

func TestTheOriginThatABrowserIsAt(t *testing.T) {
	t.Parallel()
	public := &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}
	for host, want := range map[string]struct {
		origin string
		asked  int
		code   fault.Code
	}{
		"127.0.0.1:8080":  {"http://127.0.0.1:8080", 0, ""},
		"connect.example": {"https://connect.example", 1, ""},
		"other.example":   {"", 1, fault.HostUnknown},
		"":                {"", 1, fault.HostUnknown},
	} {
		hosts := &directory{}
		s := &Server{Config: Config{PublicURL: public, Hosts: hosts}}
		r := httptest.NewRequest(http.MethodGet, "/v1/auth/authorize", nil)
		r.Host = host
		at, err := s.reached(r)
		if hosts.asked != want.asked {
			t.Errorf("%s: looked up %d times, want %d", host, hosts.asked, want.asked)
		}
		if want.code != "" {
			if !fault.Is(err, want.code) {
				t.Errorf("%s: %v, want %s", host, err, want.code)
			}
			continue
		}
		if err != nil || at.String() != want.origin {
			t.Errorf("%s: %v, %v; want %s", host, at, err, want.origin)
		}
	}
}

// A store that is away says nothing about a host.
func TestAHostThatCannotBeLookedUp(t *testing.T) {
	t.Parallel()
	s := &Server{Config: Config{PublicURL: &url.URL{Scheme: "https", Host: "avain.example"}, Hosts: &directory{err: errors.New("gone")}}}
	r := httptest.NewRequest(http.MethodGet, "/v1/auth/callback", nil)
	for host, code := range map[string]fault.Code{"connect.example": fault.StoreUnavailable, "other.example": fault.StoreUnavailable, "AVAIN.example": ""} {
		r.Host = host
		if _, err := s.reached(r); code == "" && err != nil || code != "" && !fault.Is(err, code) {
			t.Errorf("%s: %v, want %q", host, err, code)
		}
	}
}
