package connect

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/store"
)

// Trying again asks for the very same.
func TestTryingAgainAsksForTheSame(t *testing.T) {
	t.Parallel()
	full := store.Attempt{
		ServiceType: account.Office365, ReturnURL: "https://app.example/back?x=1&y=a%20b", State: "s&t=1#2",
		Scopes: []scope.Scope{scope.CalendarRead, scope.MailRead}, NativeScopes: []string{"Files.Read", "https://x.example/.default"},
		AccountID: 77, ClientOrgID: "Org & Söhne", LoginHint: "ada+x@example.org", Prompt: "login consent",
		AuthEmail: "ada@example.org", Challenge: strings.Repeat("A", 43), TokenMode: true, Fresh: true, EnsureAccess: true,
		PartialGrant: account.AskPartial,
	}
	bare := store.Attempt{ServiceType: account.Google, ReturnURL: "myapp:done", PartialGrant: account.AskPartial}
	for _, settings := range []account.PartialGrant{"", account.AskPartial, account.AcceptPartial, account.RefusePartial} {
		app := account.Application{ClientID: "client", Settings: account.Settings{TokenMode: true, PartialGrant: settings}}
		for _, a := range []store.Attempt{full, bare} {
			for _, insists := range []*bool{nil, new(bool), ptr(true)} {
				a.PartialGrant = app.Settings.Partial(insists)
				if d := cmp.Diff(a, readAgain(t, run{attempt: a, app: app}), cmpopts.EquateEmpty()); d != "" {
					t.Errorf("an application that takes %q (-had +asks for): %s", settings, d)
				}
			}
		}
	}
}

func ptr(b bool) *bool { return &b }

// readAgain reads the address that starts anew, as authorize does.
func readAgain(t *testing.T, r run) store.Attempt {
	t.Helper()
	path, rawQuery, _ := strings.Cut(r.authorizeURL(), "?")
	query, err := url.ParseQuery(rawQuery)
	if err != nil || path != AuthorizePath || query.Get("clientId") != r.app.ClientID {
		t.Fatalf("%s?%s: %v", path, rawQuery, err)
	}
	p := parameters{query}
	got, err := p.request(nil)
	if err != nil {
		t.Fatal(err)
	}
	tokenMode, err := readResponseType(p, r.app)
	if err != nil {
		t.Fatal(err)
	}
	return store.Attempt{
		ServiceType: got.serviceType, ReturnURL: query.Get("returnUrl"), State: query.Get("state"), TokenMode: tokenMode,
		Scopes: got.scopes, NativeScopes: got.nativeScopes, AccountID: got.accountID, ClientOrgID: got.clientOrgID,
		LoginHint: got.loginHint, Prompt: got.prompt, AuthEmail: got.authEmail, Challenge: got.challenge,
		PartialGrant: r.app.Settings.Partial(got.ensureScopes), EnsureAccess: got.ensureAccess, Fresh: !got.recycle,
	}
}
