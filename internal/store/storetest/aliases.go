package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

// withAlias makes an application with that alias.
func (w *world) withAlias(origin string) store.Application {
	w.Helper()
	app := newApplication()
	app.Settings.Alias = origin
	w.ok(w.CreateApplication(w.ctx(), app))
	return app
}

// aliases checks what each host stands for.
func (w *world) aliases(want map[string]string) {
	w.Helper()
	for host, origin := range want {
		if got := must(w.AliasOrigin(w.ctx(), host))(w); got != origin {
			w.Errorf("AliasOrigin(%q) = %q, want %q", host, got, origin)
		}
	}
}

func testAliasHosts(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	w.withAlias("http://127.0.0.3:8080")
	w.withAlias("http://[::1]:8080")
	w.withAlias("HTTPS://Upper.Example:443")
	w.withAlias("https://shared.example:8443")
	w.withAlias("https://shared.example:8443")
	w.withAlias("http://127.0.0.4:8080")
	w.withAlias("https://127.0.0.4:8080")
	w.withAlias("")
	w.aliases(map[string]string{
		"connect.notes.example": "https://connect.notes.example", "Connect.Notes.EXAMPLE": "https://connect.notes.example",
		"127.0.0.3:8080": "http://127.0.0.3:8080", "[::1]:8080": "http://[::1]:8080", "upper.example": "https://upper.example",
		"shared.example:8443": "https://shared.example:8443", "127.0.0.4:8080": "https://127.0.0.4:8080",
		"shared.example": "", "connect.notes.example:443": "", "notes.example": "", "spa.example": "", "127.0.0.3": "", "": "", "%": "",
	})
}

func testAliasChanges(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	first, second := w.withAlias("https://shared.example"), w.withAlias("https://shared.example")
	move := func(app store.Application, to string, err error) error {
		return s.UpdateApplication(w.ctx(), app.ID, func(a *account.Application) error { a.Settings.Alias = to; return err })
	}
	w.ok(move(first, "https://moved.example", nil))
	equal(t, must(s.Application(w.ctx(), first.ID))(t).Settings.Alias, "https://moved.example")
	w.aliases(map[string]string{"shared.example": "https://shared.example", "moved.example": "https://moved.example"})

	refused := errors.New("refused")
	w.is(move(second, "https://other.example", refused), refused)
	w.aliases(map[string]string{"shared.example": "https://shared.example", "other.example": ""})
	w.ok(move(second, "", nil))
	w.aliases(map[string]string{"shared.example": "", "moved.example": "https://moved.example"})
	w.ok(s.DeleteApplication(w.ctx(), first.ID, noon.Add(time.Hour)))
	w.aliases(map[string]string{"moved.example": ""})
}
