package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"

	"github.com/avain-project/avain/internal/app"
)

func TestOnlyTheOwningApplicationSpendsACode(t *testing.T) {
	t.Parallel()
	onEachService(t, onlyTheOwningApplicationSpendsACode)
}

func onlyTheOwningApplicationSpendsACode(t *testing.T, s service) {
	w := startAt(t, s)
	other := w.asApplication(account.Settings{})
	code := w.signIn(nil).Get("code")
	path := "/v1/auth/token/" + code

	wantShown(t, other.redeem(code), http.StatusBadRequest, "code.invalid")
	unauthorized := map[string]string{
		"nobody":            "",
		"a bearer":          "Bearer " + w.password,
		"a wrong secret":    basic(w.client.ClientID, w.password+"x"),
		"another's secret":  basic(w.client.ClientID, other.password),
		"an unknown client": basic(strings.Repeat("0", 32), w.password),
		"no secret":         basic(w.client.ClientID, ""),
		"broken base64":     "Basic %%%",
	}
	for who, header := range unauthorized {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			got := w.call(method, path, nil, "Authorization", header)
			wantShown(t, got, http.StatusUnauthorized, "client.unauthorized")
			if challenge := got.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, "Basic realm=") {
				t.Errorf("%s is asked for %q", who, challenge)
			}
		}
	}
	got := w.call(http.MethodPost, path+"?clientId="+w.client.ClientID+"&clientSecret="+url.QueryEscape(w.password), nil)
	wantShown(t, got, http.StatusUnauthorized, "client.unauthorized")

	head := w.call(http.MethodHead, path, nil, "Authorization", basic(w.client.ClientID, w.password))
	if head.status != http.StatusMethodNotAllowed || head.header.Get("Allow") != "GET, POST" {
		t.Errorf("HEAD: %d, Allow %q", head.status, head.header.Get("Allow"))
	}
	large := w.redeemWith(code, "application/json", strings.Repeat(" ", 64<<10+1))
	wantShown(t, large, http.StatusRequestEntityTooLarge, "body.tooLarge")
	for _, wrong := range []string{"x", code + "x", code[:42], strings.ToUpper(code), strings.Repeat("c", 4000)} {
		wantShown(t, w.redeem(wrong), http.StatusBadRequest, "code.invalid")
	}
	// Nothing of that has consumed it.
	readConnected(t, w.redeem(code))
}

func TestACodeByGetIsDeprecated(t *testing.T) {
	t.Parallel()
	onEachService(t, aCodeByGetIsDeprecated)
}

func aCodeByGetIsDeprecated(t *testing.T, s service) {
	w := startAt(t, s)
	code := w.signIn(nil).Get("code")
	got := w.call(http.MethodGet, "/v1/auth/token/"+code, nil, "Authorization", basic(w.client.ClientID, w.password))
	readConnected(t, got)
	if !strings.HasPrefix(got.header.Get("Deprecation"), "@") || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", got.header)
	}
	second := w.signIn(nil).Get("code")
	posted := w.redeem(second)
	readConnected(t, posted)
	if posted.header.Get("Deprecation") != "" || posted.header.Get("Cache-Control") != "no-store" {
		t.Errorf("POST: headers %v", posted.header)
	}
}

func TestACodeWorksOnce(t *testing.T) {
	t.Parallel()
	onEachService(t, aCodeWorksOnce)
}

func aCodeWorksOnce(t *testing.T, s service) {
	w := startAt(t, s)
	stranger := w.asApplication(account.Settings{RevokeOnReplay: true})
	for name, c := range map[string]struct {
		seen    *world
		revoked bool
	}{
		"as it comes":      {w, false},
		"RevokeOnReplay":   {w.asApplication(account.Settings{RevokeOnReplay: true}), true},
		"public with PKCE": {w.asApplication(account.Settings{Public: true}), true},
	} {
		t.Run(name, func(t *testing.T) {
			result := c.seen.signIn(url.Values{"codeChallenge": {challengeOf(verifier)}})
			first := readConnected(t, c.seen.redeemWith(result.Get("code"), "application/json", jsonVerifier(verifier)))
			// Another application learns nothing of it, and ends nothing.
			wantShown(t, stranger.redeemWith(result.Get("code"), "application/json", jsonVerifier(verifier)), http.StatusBadRequest, "code.invalid")
			if got := w.call(http.MethodGet, "/v1/account", nil, "Authorization", first.bearer()); got.status != http.StatusOK {
				t.Fatalf("another application ended the bearer: %d %s", got.status, got.body)
			}
			wantShown(t, c.seen.redeemWith(result.Get("code"), "application/json", jsonVerifier(verifier)), http.StatusBadRequest, "code.used")
			got := w.call(http.MethodGet, "/v1/account", nil, "Authorization", first.bearer())
			switch {
			case c.revoked && (got.status != http.StatusUnauthorized || got.code() != "token.revoked"):
				t.Errorf("after the replay the bearer still answers %d %s", got.status, got.body)
			case !c.revoked && got.status != http.StatusOK:
				t.Errorf("the replay ended the bearer: %d %s", got.status, got.body)
			}
		})
	}
}

func TestRacingRedemptionsGiveOneToken(t *testing.T) {
	t.Parallel()
	onEachServiceAndEngine(t, racingRedemptionsGiveOneToken)
}

func racingRedemptionsGiveOneToken(t *testing.T, s service, on func(*app.Config)) {
	w := startAt(t, s, on)
	code := w.signIn(nil).Get("code")
	const racers = 8
	answers := make(chan answer, racers)
	for range racers {
		go func() { answers <- w.redeem(code) }()
	}
	won := 0
	for range racers {
		if a := <-answers; a.status == http.StatusOK {
			won++
		} else {
			wantShown(t, a, http.StatusBadRequest, "code.used")
		}
	}
	tokens, err := w.ops.Tokens(t.Context(), w.heldAccounts()[0].ID)
	if err != nil || won != 1 || len(tokens) != 1 {
		t.Errorf("%d redemptions won, %d tokens, %v", won, len(tokens), err)
	}
}

func TestACodeExpires(t *testing.T) {
	t.Parallel()
	onEachService(t, aCodeExpires)
}

func aCodeExpires(t *testing.T, s service) {
	w := startAt(t, s)
	long := 2 * time.Minute
	patient := w.asApplication(account.Settings{CodeLifetime: long})
	for _, c := range []struct {
		seen *world
		life time.Duration
	}{{w, account.DefaultCodeLifetime}, {patient, long}} {
		inTime, late := c.seen.signIn(nil).Get("code"), c.seen.signIn(nil).Get("code")
		w.clock.advance(c.life - time.Millisecond)
		readConnected(t, c.seen.redeem(inTime))
		w.clock.advance(time.Millisecond)
		wantShown(t, c.seen.redeem(late), http.StatusBadRequest, "code.expired")
		wantShown(t, c.seen.redeem(inTime), http.StatusBadRequest, "code.used")
	}
}

func TestTheOtherLiveSecretWorks(t *testing.T) {
	t.Parallel()
	w := start(t)
	_, fresh, err := w.ops.RotateSecret(t.Context(), w.client.ClientID, false)
	if err != nil {
		t.Fatal(err)
	}
	readConnected(t, w.redeem(w.signIn(nil).Get("code")))
	w.password = fresh.Reveal()
	readConnected(t, w.redeem(w.signIn(nil).Get("code")))
}

func TestACodeOfADeletedAccountIsWorthNothing(t *testing.T) {
	t.Parallel()
	onEachService(t, aCodeOfADeletedAccountIsWorthNothing)
}

func aCodeOfADeletedAccountIsWorthNothing(t *testing.T, s service) {
	w := startAt(t, s)
	code := w.signIn(nil).Get("code")
	if _, err := w.ops.DeleteAccount(t.Context(), w.heldAccounts()[0].ID); err != nil {
		t.Fatal(err)
	}
	wantShown(t, w.redeem(code), http.StatusBadRequest, "code.invalid")
}
