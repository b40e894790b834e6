package e2e_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
)

// What a provider says of a person is cleaned of what no database and no page takes; an id
// that needs it is none.
func TestAnIdentityWithControlCharacters(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, on func(*app.Config)) {
		w := start(t, on)
		var body string
		server := httptest.NewServer(http.HandlerFunc(func(res http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(res, body) }))
		t.Cleanup(server.Close)
		w.setRegistration(func(in *operator.SetRegistration) {
			e := w.endpoints()
			e.Userinfo = server.URL
			in.Endpoints = &e
		})
		body = `{"sub": "7", "email": "ada\u0000@sandbox.test", "email_verified": true, "name": "Ada\u0000\r\nLove` + "\xff" + `lace \u202eecalevoL", "hd": "sandbox.test"}`
		got := w.details(w.connect(nil), "")
		if got["name"] != "AdaLove\ufffdlace ecalevoL" || got["email"] != nil && got["email"] != "" {
			t.Errorf("the account is %v, %v", got["name"], got["email"])
		}
		before := w.heldAccounts()
		for _, body = range []string{
			`{"sub": "7\u0000"}`, `{"sub": "7\n8"}`, `{"sub": "7", "hd": "sandbox\u0000.test"}`, `{"sub": "` + strings.Repeat("7", 2000) + `"}`,
		} {
			b := w.browser()
			wantFailed(t, b.follow(b.authorize(nil)), "provider.malformed")
		}
		untouched(t, w, before)
	})
}
