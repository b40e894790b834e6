package signin_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/signin"
)

var inGerman = signin.Look{Languages: "de-AT, en;q=0.5", ApplicationName: "Clinic & Co"}

// has checks a page for what it must say, and must not.
func has(t *testing.T, w *httptest.ResponseRecorder, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if want, absent := strings.CutPrefix(want, "!"); strings.Contains(w.Body.String(), want) == absent {
			t.Errorf("about %q, the page is wrong:\n%s", want, w.Body)
		}
	}
}

func TestAPageSpeaksTheBrowsersLanguage(t *testing.T) {
	t.Parallel()
	f := fault.New(fault.StateUsed, "")
	w := drawn(t, signin.ErrorPage{
		Code: string(f.Code), Message: f.Message(), RequestID: "r-1", BackURL: "https://clinic.example/", RetryAfter: 61 * time.Second,
	}, inGerman)
	has(t, w, `<html lang="de" dir="ltr">`, `>Diese Anmeldung ist bereits abgeschlossen.</h1>`, `Zurück zu Clinic &amp; Co</a>`,
		`Für den Support: <code id="code">state.used</code>, Anfrage <code id="request-id">r-1</code>`,
		`wird mit <strong>Clinic &amp; Co</strong> verbunden`, `in 2 Minuten noch einmal`)
	if h := w.Header(); h.Get("Content-Language") != "de" || h.Get("Vary") != "Accept-Language" {
		t.Errorf("the headers are %v", h)
	}
	w = drawn(t, signin.ErrorPage{Code: string(f.Code), Message: f.Message(), RetryAfter: time.Second}, signin.Look{Languages: "sw"})
	has(t, w, `<html lang="en"`, "Try again in 1 minute.", f.Message()[:20])
}

// What has no translation is told as it is, and marked for whoever reads it aloud.
func TestEnglishOnAnotherPageIsMarked(t *testing.T) {
	t.Parallel()
	f := fault.Newf(fault.ParameterInvalid, "It is prompt; <none>.")
	has(t, drawn(t, signin.ErrorPage{Code: string(f.Code), Message: f.Message(), Detail: f.Detail}, inGerman),
		`<span lang="en" dir="ltr">It is prompt; &lt;none&gt;.</span>`, "Ein Parameter hat einen Wert")
	f = fault.Newf(fault.FieldTooLong, "At most %d bytes.", 1024)
	has(t, drawn(t, signin.ErrorPage{Code: string(f.Code), Message: f.Message(), Detail: f.Detail}, inGerman), "Höchstens 1024 Bytes.", "!lang=\"en\"")
	has(t, drawn(t, signin.ErrorPage{Code: "of.another.version", Message: "It broke. Try again."}, inGerman), ">It broke.</h1>")
}

func TestADriversWordsAreTranslated(t *testing.T) {
	t.Parallel()
	page := signin.FormPage{
		ServiceType: account.IMAP, ServiceTitle: "IMAP", Form: connect.Form{Action: "/v1/auth/form?key=k", Scopes: []scope.Scope{scope.MailRead}, Fields: []provider.Field{
			{Name: "email", Label: "E-mail address", Kind: provider.FieldEmail},
			{Name: "password", Label: "Password", Help: "If your mail service has app passwords, use one.", Kind: provider.FieldPassword},
			{Name: "token", Label: "Wholly new", Help: "Nobody has translated this.", Kind: provider.FieldText},
			{Name: "imapSecurity", Label: "Encryption", Kind: provider.FieldSecurity},
		}},
	}
	has(t, form(t, page, inGerman), ">E-Mail-Adresse</label>", ">Passwort</label>", "nehmen Sie eines davon", ` lang="en">Wholly new</label>`,
		`<small id="help-token" lang="en" dir="ltr">Nobody has translated this.</small>`, ">Herausfinden</option>", "<li>Ihre E-Mails lesen</li>",
		"Clinic &amp; Co möchte:", "Melden Sie sich mit Ihrem Konto bei IMAP an")
	// Another service's field of that name has words of its own.
	page.ServiceType = account.Google
	has(t, form(t, page, inGerman), ` lang="en">E-mail address</label>`)
	choices := []connect.Choice{{ServiceType: account.IMAP, URL: "?a", Form: true, Button: provider.Button{Label: "Sign in with an e-mail password", Hint: "any mailbox with IMAP"}}}
	has(t, chosen(t, signin.ChoosePage{Choices: choices}, inGerman), "Mit einem E-Mail-Passwort anmelden", "jedes Postfach mit IMAP", "Bei welchem Dienst")
}

func TestTheOtherPagesSpeakGerman(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		draw func(*signin.Pages, http.ResponseWriter)
		want string
	}{
		"partial": {func(p *signin.Pages, w http.ResponseWriter) {
			p.Partial(w, inGerman, signin.PartialPage{Email: "ada@x.example", ServiceTitle: "Google", Missing: []scope.Scope{scope.CalendarRead}, RestURL: "/r"})
		}, "Ihren Kalender sehen"},
		"admin": {func(p *signin.Pages, w http.ResponseWriter) {
			p.Admin(w, inGerman, signin.AdminPage{AdminURL: "https://x.example/?a=1", ServiceTitle: "Google"})
		}, "Clinic &amp; Co jetzt zulassen</a>."},
		"approved": {func(p *signin.Pages, w http.ResponseWriter) { p.Approved(w, inGerman) }, "ist für Ihre Organisation zugelassen"},
		"done": {func(p *signin.Pages, w http.ResponseWriter) {
			p.Done(w, inGerman, signin.DonePage{Status: 200, Location: "https://x.example/"})
		}, "Weiter zu Clinic &amp; Co"},
	} {
		w := httptest.NewRecorder()
		one.draw(pages(t), w)
		if body := w.Body.String(); !strings.Contains(body, one.want) || !strings.Contains(body, `lang="de"`) || strings.Contains(body, " the ") {
			t.Errorf("%s: %s", name, body)
		}
	}
}
