package google_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/google"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

// What each scope alone can show: gmail.send and nothing else proves nothing.
func TestWhatAGrantProves(t *testing.T) {
	t.Parallel()
	d := google.New(outbound.New(outbound.Config{}))
	for _, s := range scope.All() {
		native := d.Info().Scopes.Ask([]scope.Scope{s}, nil)
		want := provider.ProbePlan{Call: provider.AreasOf([]scope.Scope{s})}
		if s == scope.MailSend {
			want = provider.ProbePlan{Unproven: []provider.Area{provider.Email}}
		}
		if diff := cmp.Diff(want, provider.PlanProbes(d, account.Registration{}, []scope.Scope{s}, native)); diff != "" {
			t.Errorf("%s: %s", s, diff)
		}
	}
}

// The bodies are those that users of the APIs have reported.
func TestProbeTellsRefusalFromTrouble(t *testing.T) {
	t.Parallel()
	older := func(reason string) string {
		return `{"error":{"code":403,"message":"no","errors":[{"message":"no","domain":"global","reason":"` + reason + `"}]}}`
	}
	newer := func(status, reason string) string {
		return `{"error":{"code":403,"message":"no","status":"` + status + `","details":[{"@type":"type.googleapis.com/google.rpc.Help"},{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"` + reason + `"}]}}`
	}
	const refused = provider.CodeAccessRefused
	for name, test := range map[string]struct {
		status int
		body   string
		class  provider.Class // "": proven
		code   string
	}{
		"let through":         {200, `{}`, "", ""},
		"no scope":            {403, older("insufficientPermissions"), provider.User, refused},
		"no scope, newer":     {403, newer("PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"), provider.User, refused},
		"no mailbox":          {400, older("failedPrecondition"), provider.User, refused},
		"no calendar":         {403, older("notACalendarUser"), provider.User, refused},
		"closed by the admin": {403, older("domainPolicy"), provider.Admin, refused},
		"token refused":       {401, older("authError"), provider.User, refused},
		"a reason not known":  {403, older("madeUpYesterday"), provider.User, refused},
		"403 in HTML":         {403, `<h1>Forbidden</h1>`, provider.User, refused},
		"401 in HTML":         {401, `<h1>Unauthorized</h1>`, provider.User, refused},
		"API off":             {403, older("accessNotConfigured"), provider.Config, "accessNotConfigured"},
		"API off, newer":      {403, newer("PERMISSION_DENIED", "SERVICE_DISABLED"), provider.Config, "SERVICE_DISABLED"},
		"used up":             {403, older("userRateLimitExceeded"), provider.Later, "userRateLimitExceeded"},
		"used up, newer":      {429, newer("RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED"), provider.Later, provider.CodeLimited},
		"trouble, worded so":  {503, older("insufficientPermissions"), provider.Later, "http_503"},
		"bad request":         {400, older("badRequest"), provider.Later, provider.CodeMalformed},
		"a page":              {200, `<h1>Hotel</h1>`, provider.Later, provider.CodeMalformed},
		"another place":       {302, ``, provider.Later, provider.CodeMalformed},
	} {
		asked := ""
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r.Method + " " + r.URL.RequestURI() + " " + r.Header.Get("Authorization")
			w.WriteHeader(test.status)
			_, _ = io.WriteString(w, test.body)
		}))
		t.Cleanup(server.Close)
		d := google.New(outbound.New(outbound.Config{APITimeout: 10 * time.Second}))
		reg := account.Registration{Endpoints: account.Endpoints{API: server.URL}}
		err := d.Probe(t.Context(), reg, provider.Tokens{Access: secret.New("the-token")}, provider.Email)
		if want := "GET /gmail/v1/users/me/profile?fields=historyId Bearer the-token"; asked != want {
			t.Errorf("%s: the call was %q", name, asked)
		}
		if test.class == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var e *provider.Error
		if !errors.As(err, &e) || e.Class != test.class || e.Code != test.code || e.Cause == "" || e.Cure == "" {
			t.Errorf("%s: %v, want %s (%s)", name, err, test.code, test.class)
		}
	}
}
