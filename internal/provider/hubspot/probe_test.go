package hubspot_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

func TestProbeTellsRefusalFromTrouble(t *testing.T) {
	t.Parallel()
	said := func(category string) string {
		return `{"status":"error","message":"m","correlationId":"c","category":"` + category + `"}`
	}
	const refused = provider.CodeAccessRefused
	for name, test := range map[string]struct {
		status int
		body   string
		class  provider.Class // "": proven
		code   string
	}{
		"let through":         {200, `{"results":[]}`, "", ""},
		"no scope":            {403, said("MISSING_SCOPES"), provider.User, refused},
		"ended":               {401, said("EXPIRED_AUTHENTICATION"), provider.User, refused},
		"no token":            {401, said("INVALID_AUTHENTICATION"), provider.User, refused},
		"a word not known":    {403, said("MADE_UP_YESTERDAY"), provider.User, refused},
		"the special word":    {403, `{"category":"OTHER","subCategory":"MISSING_SCOPES"}`, provider.User, refused},
		"403 in HTML":         {403, `<h1>Forbidden</h1>`, provider.User, refused},
		"used up":             {429, said("RATE_LIMITS"), provider.Later, provider.CodeLimited},
		"trouble, worded so":  {503, said("MISSING_SCOPES"), provider.Later, "http_503"},
		"a version that ends": {404, said("OBJECT_NOT_FOUND"), provider.Later, provider.CodeMalformed},
		"a page":              {200, `<h1>Hotel</h1>`, provider.Later, provider.CodeMalformed},
	} {
		asked := ""
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r.Method + " " + r.URL.RequestURI() + " " + r.Header.Get("Authorization")
			w.WriteHeader(test.status)
			_, _ = io.WriteString(w, test.body)
		}))
		t.Cleanup(server.Close)
		reg := account.Registration{Endpoints: account.Endpoints{API: server.URL}}
		err := newDriver().Probe(t.Context(), reg, provider.Tokens{Access: secret.New("the-token")}, provider.Contacts)
		if want := "GET /crm/objects/2026-03/contacts?limit=1&properties=hs_object_id Bearer the-token"; asked != want {
			t.Errorf("%s: the call was %q", name, asked)
		}
		var e *provider.Error
		switch {
		case test.class == "" && err == nil:
		case !errors.As(err, &e) || e.Class != test.class || e.Code != test.code || e.Cause == "" || e.Cure == "":
			t.Errorf("%s: %v, want %s (%s)", name, err, test.code, test.class)
		}
	}
}

func TestWhatAGrantProves(t *testing.T) {
	t.Parallel()
	d := newDriver()
	for _, s := range []scope.Scope{scope.ContactsRead, scope.ContactsReadWrite} {
		got := provider.PlanProbes(d, account.Registration{}, []scope.Scope{s}, d.Info().Scopes.Ask([]scope.Scope{s}, nil))
		if !slices.Equal(got.Call, []provider.Area{provider.Contacts}) {
			t.Errorf("%s: %+v", s, got)
		}
	}
	// There is no mail to be proven, so what asks for it is refused without a call.
	got := provider.PlanProbes(d, account.Registration{}, []scope.Scope{scope.MailRead}, []string{"oauth"})
	if !slices.Equal(got.Refused, []provider.Area{provider.Email}) {
		t.Errorf("mail: %+v", got)
	}
}
