package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/operator"
)

func setOrigins(origins []string) operator.SetApplication {
	return operator.SetApplication{Origins: &origins}
}

// The list is contract §6.1: what a strict client of the original insists on.
func TestAccountHasEveryFieldAStrictReaderWants(t *testing.T) {
	t.Parallel()
	onEachService(t, accountHasEveryFieldAStrictReaderWants)
}

func accountHasEveryFieldAStrictReaderWants(t *testing.T, s service) {
	w := startAt(t, s)
	acct := w.details(w.connect(url.Values{"clientOrgId": {"org-7"}}), "")
	for field, kind := range map[string]string{
		"id": "number", "serviceType": "string", "active": "bool", "tokenStatus": "string", "type": "string", "daemon": "bool",
		"loginString": "string", "email": "string", "mailboxAddress": "string", "name": "string", "authUserId": "string",
		"tokenIssuedAt": "time", "authObtainedAt": "time", "authExpiresAt": "time", "createdAt": "time", "updatedAt": "time",
		"authScopes": "array", "authNativeScopes": "array", "serviceProvider": "string", "clientOrgId": "string",
	} {
		if got := kindOf(acct[field]); got != kind && !(kind == "string" && got == "time") {
			t.Errorf("%s is a %s (%v), want a %s", field, got, acct[field], kind)
		}
	}
	for _, absent := range []string{"providerAccessToken", "tokenError"} {
		if v, there := acct[absent]; there {
			t.Errorf("%s is there: %v", absent, v)
		}
	}
	if got, want := acct["authExpiresAt"], w.clock.Now().Add(s.life()).UTC().Format(time.RFC3339); got != want {
		t.Errorf("authExpiresAt %v, want %s", got, want)
	}
	if acct["authUserId"] == acct["email"] || acct["clientOrgId"] != "org-7" {
		t.Errorf("authUserId %v, clientOrgId %v", acct["authUserId"], acct["clientOrgId"])
	}
}

var utcSecond = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)

func kindOf(v any) string {
	switch v := v.(type) {
	case float64:
		return "number"
	case bool:
		return "bool"
	case []any:
		return "array"
	case string:
		if utcSecond.MatchString(v) {
			return "time"
		}
		return "string"
	}
	return "missing or null value"
}

func TestPingShowsWhatBecameOfTheGrant(t *testing.T) {
	t.Parallel()
	onEachService(t, pingShowsWhatBecameOfTheGrant)
}

func pingShowsWhatBecameOfTheGrant(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	identities := w.calls().Identity
	if got := w.details(c, "?pingProvider=true")["tokenStatus"]; got != "active" || w.calls().Identity != identities+1 {
		t.Errorf("a live grant: %v after %d calls", got, w.calls().Identity-identities)
	}
	// The person takes the access back at the provider: all tokens end.
	w.box.Reset()
	if got := w.status(c); got != "active" || w.calls().Identity != 0 {
		t.Errorf("without a ping nobody can know, yet it is %v", got)
	}
	acct := w.details(c, "?pingProvider=true")
	if acct["tokenStatus"] != "dead" || acct["tokenError"] == nil {
		t.Errorf("a grant that ended: %v, %v", acct["tokenStatus"], acct["tokenError"])
	}
	if got := w.status(c); got != "dead" {
		t.Errorf("afterwards it is %q", got)
	}
}

func TestPingOfAGrantThatCannotBeRenewed(t *testing.T) {
	t.Parallel()
	onEachService(t, pingOfAGrantThatCannotBeRenewed)
}

func pingOfAGrantThatCannotBeRenewed(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(url.Values{"loginHint": {"ada+auto+norefresh@sandbox.test"}})
	w.box.Expire()
	if got := w.details(c, "?pingProvider=true")["tokenStatus"]; got != "invalid" {
		t.Errorf("refused by the provider, before its time: %v", got)
	}
	late := w.connect(url.Values{"loginHint": {"bob+auto+norefresh@sandbox.test"}})
	w.clock.advance(2 * time.Hour)
	if got := w.details(late, "?pingProvider=true")["tokenStatus"]; got != "invalid" {
		t.Errorf("after its time: %v", got)
	}
}

func TestProviderAuthIsForTheApplicationThatMay(t *testing.T) {
	t.Parallel()
	onEachService(t, providerAuthIsForTheApplicationThatMay)
}

func providerAuthIsForTheApplicationThatMay(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	byApplication := []string{"Authorization", basic(w.client.ClientID, w.password), accountHeader, strconv.FormatInt(c.AccountID, 10)}
	const path = "/v1/account?includeProviderAuth=true"

	refused(t, w.call(http.MethodGet, path, nil, byApplication...), http.StatusForbidden, "providerauth.denied")
	yes := true
	if _, err := w.ops.SetApplication(t.Context(), w.client.ClientID, operator.SetApplication{ProviderAuth: &yes}); err != nil {
		t.Fatal(err)
	}
	refused(t, w.as(c, http.MethodGet, path), http.StatusForbidden, "providerauth.denied")
	if n := revealed(t, w, ""); n != 0 {
		t.Errorf("%d audit events of what was refused", n)
	}

	a := w.call(http.MethodGet, path, nil, byApplication...)
	var acct struct{ ProviderAccessToken, AuthExpiresAt string }
	if err := json.Unmarshal([]byte(a.body), &acct); err != nil || !strings.HasPrefix(acct.ProviderAccessToken, s.accessPrefix) {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if strings.Contains(a.body, s.refreshPrefix) {
		t.Error("the refresh token was handed out")
	}
	if n := revealed(t, w, a.header.Get("X-Request-Id")); n != 1 {
		t.Errorf("%d audit events with the request's id, want 1", n)
	}
	// An expired one is of no use to the application.
	w.clock.advance(2 * time.Hour)
	later := w.call(http.MethodGet, path, nil, byApplication...)
	if strings.Contains(later.body, acct.ProviderAccessToken) || later.status != http.StatusOK {
		t.Errorf("an ended token was handed out: %d", later.status)
	}
	if strings.Contains(w.log.String(), s.accessPrefix) {
		t.Error("the log holds a provider token")
	}
}

func revealed(t *testing.T, w *world, requestID string) int {
	t.Helper()
	events, err := w.ops.AuditEvents(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range events {
		if e.Kind == "providerauth.revealed" && (requestID == "" || e.RequestID == requestID) && e.AccountID != 0 {
			n++
		}
	}
	return n
}
