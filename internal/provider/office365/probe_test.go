package office365_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

// What each scope alone can show: sending proves nothing, and China has no To Do.
func TestWhatAGrantProves(t *testing.T) {
	t.Parallel()
	d := newDriver()
	for _, cloud := range []account.Cloud{"", account.CloudUSGov, account.CloudDoD, account.CloudChina} {
		for _, s := range scope.All() {
			areas := provider.AreasOf([]scope.Scope{s})
			want := provider.ProbePlan{Call: areas}
			if s == scope.MailSend || cloud == account.CloudChina && areas[0] == provider.Tasks {
				want = provider.ProbePlan{Unproven: areas}
			}
			native := d.Info().Scopes.Ask([]scope.Scope{s}, nil)
			if diff := cmp.Diff(want, provider.PlanProbes(d, account.Registration{Cloud: cloud}, []scope.Scope{s}, native)); diff != "" {
				t.Errorf("%s in %q: %s", s, cloud, diff)
			}
		}
	}
}

func TestProbeTellsRefusalFromTrouble(t *testing.T) {
	t.Parallel()
	graph := func(code string) string { return `{"error":{"code":"` + code + `","message":"no","innerError":{}}}` }
	const refused = provider.CodeAccessRefused
	for name, test := range map[string]struct {
		status int
		body   string
		class  provider.Class // "": proven
		code   string
	}{
		"let through":        {200, `{"id":"AQMk"}`, "", ""},
		"no scope":           {403, graph("ErrorAccessDenied"), provider.User, refused},
		"no mailbox":         {404, graph("MailboxNotEnabledForRESTAPI"), provider.Admin, refused},
		"own server":         {404, graph("MailboxNotSupportedForRESTAPI"), provider.Admin, refused},
		"nothing there":      {404, graph("ResourceNotFound"), provider.User, refused},
		"no Exchange":        {401, graph("OrganizationFromTenantGuidNotFound"), provider.Admin, refused},
		"token refused":      {401, graph("InvalidAuthenticationToken"), provider.User, refused},
		"a code not known":   {403, graph("MadeUpYesterday"), provider.User, refused},
		"an empty 403":       {403, ``, provider.User, refused},
		"handed on":          {401, `{"error":{"code":"UnknownError","message":"{\"error\":{\"code\":\"OrganizationFromTenantGuidNotFound\"}}"}}`, provider.Admin, refused},
		"the innermost":      {403, `{"error":{"code":"ErrorAccessDenied","innerError":{"code":"x","innerError":{"code":"MailboxNotSupportedForRESTAPI"}}}}`, provider.Admin, refused},
		"another 404":        {404, graph("BadRequest"), provider.Later, provider.CodeMalformed},
		"too many":           {429, graph("TooManyRequests"), provider.Later, provider.CodeLimited},
		"trouble, worded so": {503, graph("ErrorAccessDenied"), provider.Later, "http_503"},
		"a page":             {200, `<h1>Hotel</h1>`, provider.Later, provider.CodeMalformed},
	} {
		e := probed(t, test.status, test.body)
		switch {
		case test.class == "" && e == nil:
		case e == nil || e.Class != test.class || e.Code != test.code || e.Cause == "" || e.Cure == "":
			t.Errorf("%s: %v, want %s (%s)", name, e, test.code, test.class)
		}
	}
}

// probed calls a Graph that answers so; nil is the proof.
func probed(t *testing.T, status int, body string) *provider.Error {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1.0/me/mailFolders/inbox" || r.URL.Query().Get("$select") != "id" || r.Header.Get("Authorization") != "Bearer the-token" {
			t.Errorf("the call was %s with %s", r.URL, r.Header.Get("Authorization"))
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	reg := account.Registration{Endpoints: account.Endpoints{API: server.URL + "/v1.0"}}
	err := newDriver().Probe(t.Context(), reg, provider.Tokens{Access: secret.New("the-token")}, provider.Email)
	var e *provider.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("not classified: %v", err)
	}
	return e
}
