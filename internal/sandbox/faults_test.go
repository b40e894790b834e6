package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/sandbox"
)

func (b *bench) fault(faults ...sandbox.Fault) {
	b.Helper()
	for i := range faults {
		faults[i].Vendor = "Google"
	}
	if err := b.sandbox.SetFaults(faults); err != nil {
		b.Fatal(err)
	}
}

// Every endpoint can be made to fail, by itself.
func TestFaultHitsItsEndpointOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	held := b.connect()
	calls := map[string]func() int{
		"authorize": func() int { return b.authorize().StatusCode },
		"code":      func() int { return b.token(codeForm("none")).Status },
		"refresh":   func() int { return b.refresh("none").Status },
		"revoke":    func() int { return b.post(b.at.Revoke, url.Values{"token": {"none"}}).StatusCode },
		"identity": func() int {
			return b.do(b.request("GET", b.at.Userinfo, "", "Authorization", "Bearer "+held.Access)).StatusCode
		},
		"api": func() int { return b.get("/echo/x", held.Access).StatusCode },
	}
	for _, endpoint := range []string{"authorize", "code", "refresh", "revoke", "identity", "api"} {
		err := b.sandbox.SetFaults([]sandbox.Fault{{Vendor: "google", Endpoint: sandbox.Endpoint(endpoint), Kind: "status", Status: 503}})
		if err != nil {
			t.Fatal(err)
		}
		for name, call := range calls {
			if got := call(); (got == 503) != (name == endpoint) {
				t.Errorf("fault at %s: %s answered %d", endpoint, name, got)
			}
		}
	}
	want := sandbox.Counts{Authorize: 6 + 1, Code: 6 + 1, Refresh: 6, Revoke: 6, Identity: 6, API: 6}
	if got := b.sandbox.Stats()["Google"]; got != want {
		t.Errorf("counted %+v, want %+v: failed calls count too", got, want)
	}
}

func TestFaultStatusWithRetryAfterAndTimes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	access := b.connect().Access
	b.fault(
		sandbox.Fault{Endpoint: "api", Kind: "status", Status: 429, RetryAfter: "2", Times: 2},
		sandbox.Fault{Endpoint: "api", Kind: "empty", Times: 1},
	)
	for range 2 {
		a := b.get("/echo/x", access)
		if a.StatusCode != 429 || a.Header.Get("Retry-After") != "2" || !strings.Contains(a.text, "RESOURCE_EXHAUSTED") {
			t.Errorf("%d %v %s", a.StatusCode, a.Header, a.text)
		}
	}
	if a := b.get("/echo/x", access); a.StatusCode != 200 || a.text != "" {
		t.Errorf("third call: %d %q, want the second fault of the list", a.StatusCode, a.text)
	}
	if a := b.get("/echo/x", access); a.StatusCode != 200 || a.text == "" {
		t.Errorf("fourth call: %d %q, want the real answer", a.StatusCode, a.text)
	}
}

func TestFaultError(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.connect().Refresh
	b.fault(
		sandbox.Fault{Endpoint: "refresh", Kind: "error", Error: "invalid_client", Status: 401, Description: "gone", Times: 1},
		sandbox.Fault{Endpoint: "refresh", Kind: "error", Error: "invalid_grant"},
		sandbox.Fault{Endpoint: "authorize", Kind: "error", Error: "server_error", Description: "why"},
	)
	first := b.refresh(token)
	b.wantError(first, http.StatusUnauthorized, "invalid_client")
	if first.Description != "gone" {
		t.Errorf("description %q", first.Description)
	}
	b.wantError(b.refresh(token), http.StatusBadRequest, "invalid_grant")
	if q := b.back(b.authorize()); q.Get("error") != "server_error" || q.Get("error_description") != "why" || q.Get("state") == "" {
		t.Errorf("sent back %v", q)
	}
}

func TestFaultBodies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.connect().Refresh
	post := func() answer { return b.post(b.at.Token, refreshForm(token)) }

	b.fault(sandbox.Fault{Endpoint: "refresh", Kind: "malformed"})
	if a := post(); a.StatusCode != 200 || json.Valid([]byte(a.text)) || !strings.HasPrefix(a.text, "{") {
		t.Errorf("malformed: %d %q", a.StatusCode, a.text)
	}
	b.fault(sandbox.Fault{Endpoint: "refresh", Kind: "html", Status: 502})
	if a := post(); a.StatusCode != 502 || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		t.Errorf("html: %d %v", a.StatusCode, a.Header)
	}
	b.fault(sandbox.Fault{Endpoint: "refresh", Kind: "oversized"})
	if a := post(); len(a.text) <= 8<<20 || !json.Valid([]byte(a.text)) {
		t.Errorf("oversized: %d bytes", len(a.text))
	}
}

func TestFaultSlow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.connect().Refresh
	b.fault(sandbox.Fault{Endpoint: "refresh", Kind: "slow", Delay: 30 * time.Millisecond})
	start := time.Now()
	b.wantStatus(b.refresh(token).Status, http.StatusOK)
	if took := time.Since(start); took < 30*time.Millisecond {
		t.Errorf("took %s", took)
	}
}

// A cut answer is lost, but the endpoint has acted: the old token is gone.
func TestFaultCut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.connect("login_hint", "ada+auto+rotate@sandbox.test").Refresh
	b.fault(sandbox.Fault{Endpoint: "refresh", Kind: "cut", Times: 1})
	resp, err := b.client.Do(b.request("POST", b.at.Token, refreshForm(token).Encode(), "Content-Type", "application/x-www-form-urlencoded"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(text) == 0 || int64(len(text)) >= resp.ContentLength {
		t.Errorf("read %d of %d bytes, error %v", len(text), resp.ContentLength, err)
	}
	b.wantError(b.refresh(token), http.StatusBadRequest, "invalid_grant")
}

func TestFaultHang(t *testing.T) {
	t.Parallel()
	b := setup(t)
	access := b.connect().Access
	b.fault(sandbox.Fault{Endpoint: "api", Kind: "hang"})

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req := b.request("POST", b.at.API+"/echo/x", strings.Repeat("x", 100_000), "Authorization", "Bearer "+access).WithContext(ctx)
	if resp, err := b.client.Do(req); !errors.Is(err, context.DeadlineExceeded) {
		if err == nil {
			resp.Body.Close()
		}
		t.Errorf("error %v, want the client's own deadline", err)
	}

	failed := make(chan error)
	go func() {
		resp, err := b.client.Do(b.request("GET", b.at.API+"/echo/x", "", "Authorization", "Bearer "+access))
		if err == nil {
			resp.Body.Close()
		}
		failed <- err
	}()
	b.sandbox.Close()
	if err := <-failed; err == nil {
		t.Error("answered, want a broken connection once the sandbox closes")
	}
}

func TestSetFaultsNamesWhatIsAllowed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fault(sandbox.Fault{Endpoint: "refresh", Kind: "empty"})
	for want, f := range map[string]sandbox.Fault{
		"allowed: Google": {Vendor: "Yahoo", Endpoint: "api", Kind: "empty"},
		"authorize, code, refresh, revoke, identity, api":                   {Vendor: "Google", Endpoint: "token", Kind: "empty"},
		"status, slow, cut, malformed, html, empty, oversized, hang, error": {Vendor: "Google", Endpoint: "api", Kind: "boom"},
		"200 to 599":                  {Vendor: "Google", Endpoint: "api", Kind: "empty", Status: 99},
		"needs a status":              {Vendor: "Google", Endpoint: "api", Kind: "status"},
		"needs an OAuth error":        {Vendor: "Google", Endpoint: "api", Kind: "error"},
		"needs a delay":               {Vendor: "Google", Endpoint: "api", Kind: "slow"},
		"allowed: 0s to":              {Vendor: "Google", Endpoint: "api", Kind: "slow", Delay: time.Hour},
		"0 means until":               {Vendor: "Google", Endpoint: "api", Kind: "empty", Times: -1},
		"retryAfter must be one line": {Vendor: "Google", Endpoint: "api", Kind: "empty", RetryAfter: "1\r\nX: y"},
	} {
		err := b.sandbox.SetFaults([]sandbox.Fault{f})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", f, err, want)
		}
	}
	if a := b.post(b.at.Token, refreshForm("x")); a.text != "" {
		t.Error("a refused list replaced the one before")
	}
}

// A hanging call with an unread body must end when its client goes away, or
// every such call would be kept for ever.
func TestFaultHangNoticesThatTheClientHasGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fault(sandbox.Fault{Endpoint: "api", Kind: "hang"})
	left := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(left)
		b.sandbox.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(b.sandbox.Close)

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req := b.request("POST", server.URL+"/google/api/echo/x", strings.Repeat("x", 100_000)).WithContext(ctx)
	if resp, err := b.client.Do(req); err == nil {
		resp.Body.Close()
		t.Fatal("answered")
	}
	select {
	case <-left:
	case <-time.After(10 * time.Second):
		t.Error("the call is still held")
	}
}
