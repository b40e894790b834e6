package sandbox_test

import (
	"net/http"
	"testing"
	"time"
)

func TestTagDeny(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, hint := range []string{"ada+deny@sandbox.test", "ada+auto+deny@sandbox.test"} {
		if q := b.back(b.authorize("login_hint", hint)); q.Get("error") != "access_denied" || q.Get("code") != "" {
			t.Errorf("%s: %v", hint, q)
		}
	}
}

func TestTagUntick(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const hint = "ADA+Auto+Untick@Sandbox.Test"
	if got, want := b.connect("login_hint", hint).Scope, "openid "+userEmail+" "+gmailRead; got != want {
		t.Errorf("scope %q, want %q", got, want)
	}
	got := b.connect("login_hint", hint, "scope", gmailRead+" "+gmailSend+" openid email").Scope
	if want := gmailRead + " openid " + userEmail; got != want {
		t.Errorf("scope %q, want %q: those of signing in cannot be left out", got, want)
	}
}

func TestTagNoRefresh(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const hint = "ada+auto+norefresh@sandbox.test"
	if b.connect("login_hint", hint).Refresh != "" || b.connect("login_hint", hint, "prompt", "consent").Refresh != "" {
		t.Error("a refresh token in spite of +norefresh")
	}
	if b.connect().Refresh != "" {
		t.Error("the first consent was given before: now it takes prompt=consent")
	}
	if b.connect("prompt", "consent").Refresh == "" {
		t.Error("no refresh token although consent was forced and the tag is gone")
	}
}

func TestTagRotate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.connect("login_hint", "ada+auto+rotate@sandbox.test").Refresh
	second := b.refresh(first).Refresh
	if second == "" || second == first {
		t.Fatalf("refresh gave %q after %q", second, first)
	}
	b.wantError(b.refresh(first), http.StatusBadRequest, "invalid_grant")
	if third := b.refresh(second).Refresh; third == "" || third == second {
		t.Errorf("refresh gave %q after %q", third, second)
	}
}

func TestTagOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.connect("login_hint", "ada+auto+once@sandbox.test").Refresh
	second := b.refresh(first).Refresh
	if second == "" || second == first {
		t.Fatalf("refresh gave %q after %q", second, first)
	}
	b.wantError(b.refresh(first), http.StatusBadRequest, "invalid_grant")
	b.wantError(b.refresh(second), http.StatusBadRequest, "invalid_grant")
	next := b.connect("login_hint", "ada+auto+once@sandbox.test").Refresh
	b.wantError(b.refresh(first), http.StatusBadRequest, "invalid_grant")
	if b.refresh(next).Refresh == "" {
		t.Error("a token of a grant that has ended already ended the next one")
	}
}

func TestTagRevoked(t *testing.T) {
	t.Parallel()
	for _, hint := range []string{"ada+auto+revoked@sandbox.test", "ada+auto+rotate+revoked@sandbox.test"} {
		b := setup(t)
		token := b.connect("login_hint", hint).Refresh
		got := b.refresh(token)
		b.wantStatus(got.Status, http.StatusOK)
		if !b.alive(got.Access) {
			t.Errorf("%s: the access token of the first refresh must live on", hint)
		}
		b.wantError(b.refresh(token), http.StatusBadRequest, "invalid_grant")
		if got.Refresh != "" {
			b.wantError(b.refresh(got.Refresh), http.StatusBadRequest, "invalid_grant")
		}
		b.clock.advance(61 * time.Minute)
		if b.alive(got.Access) {
			t.Errorf("%s: the access token outlived its hour", hint)
		}
		if b.connect("login_hint", hint).Refresh == "" {
			t.Errorf("%s: a new consent must give a refresh token again", hint)
		}
	}
}

func TestTagsOfTheNewestConsentHold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.connect().Refresh
	b.connect("login_hint", "ada+auto+rotate@sandbox.test")
	if b.refresh(token).Refresh == "" {
		t.Error("the grant does not rotate, though its newest consent says so")
	}
}

// Scripts write the plus unescaped, and a query then says a space.
func TestTagsAfterSpaces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if q := b.back(b.authorize("login_hint", "ada auto deny@sandbox.test")); q.Get("error") != "access_denied" {
		t.Errorf("sent back %v", q)
	}
}
