package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/sandbox"

	"github.com/avain-project/avain/internal/app"
)

func TestDeletingTheTokenKeepsTheAccount(t *testing.T) {
	t.Parallel()
	onEachServiceAndEngine(t, deletingTheTokenKeepsTheAccount)
}

func deletingTheTokenKeepsTheAccount(t *testing.T, s service, on func(*app.Config)) {
	w := startAt(t, s, on)
	c := w.connect(nil)
	a := w.as(c, http.MethodDelete, "/v1/account/token")
	if a.status != http.StatusOK || !strings.Contains(a.body, `"status":"Ok"`) || !strings.Contains(a.body, `"providerGrant":"`+s.ended+`"`) {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if got := w.status(c); got != "dead" {
		t.Errorf("the account is %q", got)
	}
	before := w.calls()
	a = w.as(c, http.MethodGet, s.direct())
	refused(t, a, http.StatusUnauthorized, "token.dead")
	if got := w.details(c, "?pingProvider=true")["tokenStatus"]; got != "dead" {
		t.Errorf("after a ping it is %v", got)
	}
	if w.calls() != before {
		t.Errorf("a dead account called the provider: %+v, then %+v", before, w.calls())
	}
	// Again is no error, and asks the provider nothing.
	if a := w.as(c, http.MethodDelete, "/v1/account/token"); a.status != http.StatusOK || !strings.Contains(a.body, `"none"`) {
		t.Errorf("a second time: %d %s", a.status, a.body)
	}
	if n := w.calls().Revoke; s.revokes() != (n == 1) {
		t.Errorf("%d revocations", n)
	}
	// Connecting again revives the same account and the same bearer.
	renewed := w.connect(nil)
	if renewed.AccountID != c.AccountID || w.status(c) != "active" {
		t.Errorf("connected again: account %d is %q, it was %d", renewed.AccountID, w.status(c), c.AccountID)
	}
	if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
		t.Errorf("the old bearer: %d %s", a.status, a.body)
	}
}

func TestDeletingAnAccountKeepsAGrantThatAnotherLivesOn(t *testing.T) {
	t.Parallel()
	onEachServiceAndEngine(t, deletingAnAccountKeepsAGrantThatAnotherLivesOn)
}

func deletingAnAccountKeepsAGrantThatAnotherLivesOn(t *testing.T, s service, on func(*app.Config)) {
	w := startAt(t, s, on)
	first := w.connect(nil)
	second := w.connect(url.Values{"recycle": {"false"}})
	if first.AccountID == second.AccountID {
		t.Fatal("recycle=false gave the same account")
	}
	a := w.as(first, http.MethodDelete, "/v1/account")
	if a.status != http.StatusOK || !strings.Contains(a.body, `"providerGrant":"kept"`) || w.calls().Revoke != 0 {
		t.Errorf("the shared grant: %d %s, %d revocations", a.status, a.body, w.calls().Revoke)
	}
	w.box.Expire()
	if a := w.as(second, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
		t.Errorf("the other account lost its grant: %d %s", a.status, a.body)
	}
	a = w.as(second, http.MethodDelete, "/v1/account")
	if !strings.Contains(a.body, `"providerGrant":"`+s.ended+`"`) || s.revokes() != (w.calls().Revoke == 1) {
		t.Errorf("the last account: %d %s, %d revocations", a.status, a.body, w.calls().Revoke)
	}
}

// What somebody asks us to forget is forgotten even while the provider is down.
func TestDeletingWorksWhileTheProviderIsDown(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.connect(nil)
	w.faults(sandbox.Fault{Endpoint: "revoke", Kind: "status", Status: 503})
	a := w.as(c, http.MethodDelete, "/v1/account")
	if a.status != http.StatusOK || !strings.Contains(a.body, `"not-confirmed"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	refused(t, w.as(c, http.MethodGet, "/v1/account"), http.StatusUnauthorized, "token.revoked")
}

func TestTheProviderEndsTheGrant(t *testing.T) {
	t.Parallel()
	onEachService(t, theProviderEndsTheGrant)
}

func theProviderEndsTheGrant(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(url.Values{"loginHint": {"ada+auto+revoked@sandbox.test"}})
	w.clock.advance(2 * time.Hour)
	if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
		t.Fatalf("the first refresh: %d %s", a.status, a.body)
	}
	w.clock.advance(2 * time.Hour)
	refreshes := 2
	if s.honoursReplaced {
		refreshes = 3 // the replaced refresh token is tried as well, once
	}
	for n := range 3 {
		refused(t, w.as(c, http.MethodGet, "/v1/direct/echo/x"), http.StatusUnauthorized, "token.dead")
		if got := w.calls(); got.Refresh != refreshes || got.API != 1 {
			t.Errorf("after refused call %d the provider has had %+v", n+1, got)
		}
	}
	if got := w.details(c, ""); got["tokenStatus"] != "dead" || got["tokenError"] == nil {
		t.Errorf("the account is %v: %v", got["tokenStatus"], got["tokenError"])
	}
}

func TestPassingTroubleCondemnsNobody(t *testing.T) {
	t.Parallel()
	onEachService(t, passingTroubleCondemnsNobody)
}

func passingTroubleCondemnsNobody(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	w.clock.advance(2 * time.Hour)
	for name, tt := range map[string]struct {
		fault      sandbox.Fault
		status     int
		code       string
		retryAfter string
	}{
		"our client is refused": {sandbox.Fault{Kind: "error", Error: "invalid_client", Status: 401}, 502, "provider.config", "some"},
		"too many":              {sandbox.Fault{Kind: "status", Status: 429, RetryAfter: "7"}, 429, "provider.limited", "7"},
		"trouble":               {sandbox.Fault{Kind: "status", Status: 503, RetryAfter: "3"}, 502, "provider.unavailable", "3"},
		"trouble, worded badly": {sandbox.Fault{Kind: "error", Error: "invalid_grant", Status: 500}, 502, "provider.unavailable", ""},
		"half a JSON":           {sandbox.Fault{Kind: "malformed"}, 502, "provider.malformed", ""},
		"a web page":            {sandbox.Fault{Kind: "html"}, 502, "provider.malformed", ""},
		"a web page as refusal": {sandbox.Fault{Kind: "html", Status: 400}, 502, "provider.malformed", ""},
		"nothing":               {sandbox.Fault{Kind: "empty"}, 502, "provider.malformed", ""},
		"too much":              {sandbox.Fault{Kind: "oversized"}, 502, "provider.malformed", ""},
		"cut off":               {sandbox.Fault{Kind: "cut"}, 502, "provider.unavailable", ""},
	} {
		tt.fault.Endpoint = "refresh"
		w.faults(tt.fault)
		a := w.as(c, http.MethodGet, "/v1/direct/echo/x")
		told := a.header.Get("Retry-After")
		if tt.retryAfter == "some" && told != "" {
			told = "some"
		}
		if a.status != tt.status || a.code() != tt.code || told != tt.retryAfter {
			t.Errorf("%s: %d %s, Retry-After %q", name, a.status, a.body, a.header.Get("Retry-After"))
		}
		if strings.Contains(a.body, "sandbox-") {
			t.Errorf("%s: the provider's tokens leak: %s", name, a.body)
		}
		if got := w.status(c); got != "active" {
			t.Errorf("%s: the account is %q", name, got)
		}
		w.clock.advance(5 * time.Minute) // the longest pause of any
	}
	w.faults()
	if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
		t.Errorf("when it is over: %d %s", a.status, a.body)
	}
}

func TestWithoutARefreshTokenTheEndIsTold(t *testing.T) {
	t.Parallel()
	onEachService(t, withoutARefreshTokenTheEndIsTold)
}

func withoutARefreshTokenTheEndIsTold(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(url.Values{"loginHint": {"ada+auto+norefresh@sandbox.test"}})
	if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
		t.Fatalf("while it lives: %d %s", a.status, a.body)
	}
	w.clock.advance(s.life() - 30*time.Second) // renewal would be due, and there is none
	if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
		t.Errorf("in its last minute: %d %s", a.status, a.body)
	}
	w.clock.advance(time.Minute)
	before := w.calls()
	for range 2 {
		refused(t, w.as(c, http.MethodGet, "/v1/direct/echo/x"), http.StatusUnauthorized, "token.refresh.failed")
	}
	if w.calls() != before {
		t.Errorf("the provider was called: %+v, then %+v", before, w.calls())
	}
}

func TestARotatingRefreshTokenSurvives(t *testing.T) {
	t.Parallel()
	onEachService(t, aRotatingRefreshTokenSurvives)
}

func aRotatingRefreshTokenSurvives(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(url.Values{"loginHint": {"ada+auto+rotate@sandbox.test"}})
	for round := range 5 {
		w.clock.advance(2 * time.Hour)
		if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
			t.Fatalf("round %d: %d %s", round, a.status, a.body)
		}
		if got := w.calls().Refresh; got != round+1 {
			t.Errorf("round %d: %d refreshes", round, got)
		}
	}
}
