package e2e_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/sandbox"
)

// What has begun at the provider is finished, whether or not somebody waits for it.

// slowly is how long the provider takes: long enough for a server to see that its
// caller has left.
const slowly = 700 * time.Millisecond

// eventually looks again and again until it is so.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !so() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

// leaveDuring makes a call and leaves, without its answer, as soon as the moment
// has come.
func leaveDuring(t testing.TB, client *http.Client, req *http.Request, what string, moment func() bool) {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	ended := make(chan error, 1)
	go func() {
		res, err := client.Do(req.WithContext(ctx))
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		ended <- err
	}()
	eventually(t, what, moment)
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatalf("the caller was answered before it left: %v", err)
	}
}

// The provider's code is spent by the first exchange: were it dropped with the
// browser, the person would have granted everything for nothing.
func TestASignInIsKeptWhenTheBrowserLeavesDuringTheCallback(t *testing.T) {
	t.Parallel()
	onEachService(t, aSignInIsKeptWhenTheBrowserLeavesDuringTheCallback)
}

func aSignInIsKeptWhenTheBrowserLeavesDuringTheCallback(t *testing.T, s service) {
	w := startAt(t, s)
	b := w.browser()
	callback := b.toCallback(nil)
	w.failAt(sandbox.Fault{Endpoint: "code", Kind: "slow", Delay: slowly})
	req, err := http.NewRequest(http.MethodGet, callback, nil)
	if err != nil {
		t.Fatal(err)
	}
	leaveDuring(t, b.client, req, "the code is being exchanged", func() bool { return w.calledSoFar().Code == 1 })
	eventually(t, "the account is stored", func() bool { return len(w.heldAccounts()) == 1 })
	if got := w.heldAccounts()[0]; got.Identity.Email != "ada@sandbox.test" || got.TokenStatus != "active" {
		t.Errorf("the account of %q is %q", got.Identity.Email, got.TokenStatus)
	}
}

// Whoever asks for an account to be removed need not wait: it goes, here and at
// the provider.
func TestAnAccountIsDeletedWhenItsCallerLeaves(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.connect(nil)
	w.failAt(sandbox.Fault{Endpoint: "revoke", Kind: "slow", Delay: slowly})
	req, err := http.NewRequest(http.MethodDelete, w.url+"/v1/account", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", c.bearer())
	leaveDuring(t, &http.Client{}, req, "the grant is being revoked", func() bool { return w.calledSoFar().Revoke == 1 })
	eventually(t, "the account is gone", func() bool { return len(w.heldAccounts()) == 0 })
	refused(t, w.as(c, http.MethodGet, "/v1/account"), http.StatusUnauthorized, "token.revoked")

	// A grant that were left would give no refresh token to the next sign-in, and
	// send the person to the consent page twice.
	before := w.calledSoFar().Authorize
	w.connect(nil)
	if n := w.calledSoFar().Authorize - before; n != 1 {
		t.Errorf("the next sign-in took %d visits to the consent page: the grant outlived its account", n)
	}
}
