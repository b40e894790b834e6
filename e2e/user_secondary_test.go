package e2e_test

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/operator"
)

func altered(q url.Values, changes ...string) url.Values {
	out := url.Values{}
	for name, values := range q {
		out[name] = slices.Clone(values)
	}
	for i := 0; i+1 < len(changes); i += 2 {
		out.Set(changes[i], changes[i+1])
	}
	return out
}

func TestASecondaryAccount(t *testing.T) {
	t.Parallel()
	w := startBoth(t)
	b := w.loggedIn(ada)
	u := b.user()
	secondary := url.Values{"accountRole": {"secondary"}, "loginHint": {bob}}
	failed := func(why string, got url.Values, code string) {
		t.Helper()
		if got.Get("status") != "error" || got.Get("error") != code || got.Get("state") != "app-state" {
			t.Errorf("%s: %v, want %s", why, got, code)
		}
	}
	failed("nobody", w.browser().signInUser(secondary).result(t), "user.missing")
	if got := b.signInUser(secondary).result(t); got.Encode() != "state=app-state&status=success" {
		t.Errorf("by cookie: %v", got)
	}
	if got := b.user().accounts(); !slices.Equal(got, []string{"primary ada@sandbox.test", "secondary bob@sandbox.test"}) {
		t.Errorf("the accounts are %v", got)
	}
	b.signInUser(secondary).result(t) // once more is the same account
	bobs := b.user().Accounts[1].ID
	if got := b.user().Accounts; len(got) != 2 {
		t.Errorf("the accounts are %v", got)
	}

	t.Run("whoever logs in with it is another user, with an account of his own", func(t *testing.T) {
		other := w.loggedIn(bob).user()
		if other.ID == u.ID || len(other.Accounts) != 1 || other.Accounts[0].ID == bobs {
			t.Errorf("%+v, beside account %d", other, bobs)
		}
		third := w.loggedIn(ada, inOffice()) // another person at another service
		third.signInUser(secondary).result(t)
		if got := third.user().Accounts; len(got) != 2 || got[1].ID == bobs || got[1].ID == other.Accounts[0].ID {
			t.Errorf("a third user's: %v", got)
		}
		w.refuses(third.asks(http.MethodGet, "/v1/user/accounts/"+strconv.FormatInt(bobs, 10)), http.StatusNotFound, "account.unknown")
		w.refuses(third.asks(http.MethodDelete, "/v1/user/accounts/"+strconv.FormatInt(bobs, 10)), http.StatusNotFound, "account.unknown")
		w.refuses(third.asks(http.MethodGet, "/v1/account", "X-Aurinko-Account-Id", strconv.FormatInt(bobs, 10)), http.StatusNotFound, "account.unknown")
		failed("another user's accountId", third.signInUser(altered(secondary, "accountId", strconv.FormatInt(bobs, 10))).result(t), "account.mismatch")
	})
	t.Run("by signature", func(t *testing.T) {
		signed := w.signs(u.ID, w.password, 0)
		raw, _ := hex.DecodeString(signed.Get("userSignature"))
		for i, spelling := range []string{
			hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)), base64.StdEncoding.EncodeToString(raw),
			base64.RawURLEncoding.EncodeToString(raw), base64.URLEncoding.EncodeToString(raw),
		} {
			signed = w.signs(u.ID, w.password, int64(i)) // each once
			raw, _ := hex.DecodeString(signed.Get("userSignature"))
			switch i {
			case 1:
				signed.Set("userSignature", strings.ToUpper(hex.EncodeToString(raw)))
			case 2:
				signed.Set("userSignature", base64.StdEncoding.EncodeToString(raw))
			case 3:
				signed.Set("userSignature", base64.RawURLEncoding.EncodeToString(raw))
			case 4:
				signed.Set("userSignature", base64.URLEncoding.EncodeToString(raw))
			}
			if got := w.browser().signInUser(signed).result(t); got.Get("status") != "success" {
				t.Errorf("%s: %v", spelling, got)
			}
			failed("replayed", w.browser().signInUser(signed).result(t), "signature.used")
		}
		failed("replayed in another spelling", w.browser().signInUser(w.signs(u.ID, w.password, 2)).result(t), "signature.used")
		if got := b.user().Accounts; len(got) != 2 {
			t.Errorf("the accounts are %v", got)
		}
		if _, old, err := w.ops.RotateSecret(t.Context(), w.client.ClientID, false); err != nil || old.IsZero() {
			t.Fatal(err)
		}
		if got := w.browser().signInUser(w.signs(u.ID, w.password, 10)).result(t); got.Get("status") != "success" {
			t.Errorf("by the secret before: %v", got)
		}
		fresh := w.signs(u.ID, w.password, 11)
		failed("too old", w.browser().signInUser(w.signs(u.ID, w.password, 301)).result(t), "signature.expired")
		failed("from the future", w.browser().signInUser(w.signs(u.ID, w.password, -301)).result(t), "signature.expired")
		failed("another user", w.browser().signInUser(altered(fresh, "userId", strings.Repeat("0", 32))).result(t), "signature.invalid")
		failed("another time", w.browser().signInUser(altered(fresh, "timestamp", strconv.FormatInt(w.clock.Now().Unix(), 10))).result(t), "signature.invalid")
		failed("another secret", w.browser().signInUser(w.signs(u.ID, "guessed", 0)).result(t), "signature.invalid")
		failed("half", w.browser().signInUser(altered(fresh, "userSignature", "")).result(t), "parameter.missing")
		failed("no signature", w.browser().signInUser(altered(fresh, "userSignature", "abc")).result(t), "signature.invalid")
		failed("an id that ends in a zero", w.browser().signInUser(altered(fresh, "timestamp", "0"+fresh.Get("timestamp"))).result(t), "parameter.invalid")
		failed("nobody's", w.browser().signInUser(w.signs("nobody", w.password, 0)).result(t), "user.unknown")
		failed("with somebody else's session", w.loggedIn(ada, inOffice()).signInUser(fresh).result(t), "user.mismatch")
		elsewhere, secret, err := w.ops.CreateApplication(t.Context(), operator.CreateApplication{Name: "Other", ReturnURLs: []string{returnURL}})
		if err != nil {
			t.Fatal(err)
		}
		w.registerProvider(elsewhere.ClientID)
		failed("another application's user", w.browser().signInUser(altered(w.signs(u.ID, secret.Reveal(), 0), "clientId", elsewhere.ClientID)).result(t), "user.unknown")
		failed("another application's secret", w.browser().signInUser(w.signs(u.ID, secret.Reveal(), 0)).result(t), "signature.invalid")
	})
	t.Run("deleted", func(t *testing.T) {
		token := w.connect(inOffice("loginHint", bob)) // the application's alone, until its person logs in
		gone := w.loggedIn(bob, inOffice())
		gone.signInUser(secondary).result(t)
		accounts := gone.user().Accounts
		if accounts[0].ID != token.AccountID {
			t.Errorf("%d was not taken on: %v", token.AccountID, accounts)
		}
		if got := gone.asks(http.MethodDelete, "/v1/user/accounts/"+strconv.FormatInt(accounts[0].ID, 10)); !strings.Contains(got.body, `"status":"Ok"`) {
			t.Errorf("the primary one: %d %s", got.status, got.body)
		}
		w.refuses(gone.asks(http.MethodGet, "/v1/user"), http.StatusUnauthorized, "unauthorized")
		kept := w.call(http.MethodGet, "/v1/account", nil, "Authorization", basic(w.client.ClientID, w.password),
			"X-Aurinko-Account-Id", strconv.FormatInt(accounts[1].ID, 10))
		if kept.status != http.StatusOK || strings.Contains(kept.body, "userId") {
			t.Errorf("the secondary one: %d %s", kept.status, kept.body)
		}
	})
	t.Run("a session ends", func(t *testing.T) {
		idle, busy := w.loggedIn(ada), w.loggedIn(ada)
		for turn := range 4 {
			w.clock.advance(6 * 24 * time.Hour)
			if turn == 1 {
				w.refuses(idle.asks(http.MethodGet, "/v1/user"), http.StatusUnauthorized, "unauthorized")
			}
			if got := busy.asks(http.MethodGet, "/v1/user"); got.status != http.StatusOK {
				t.Errorf("in use: %d %s", got.status, got.body)
			}
		}
		w.clock.advance(6 * 24 * time.Hour)
		w.refuses(busy.asks(http.MethodGet, "/v1/user"), http.StatusUnauthorized, "unauthorized")
	})
}
