package signin_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/signin"
)

func form(t *testing.T, page signin.FormPage, look ...signin.Look) *httptest.ResponseRecorder {
	t.Helper()
	if page.Status == 0 {
		page.Status = http.StatusOK
	}
	w := httptest.NewRecorder()
	pages(t).Form(w, seen(look), page)
	return w
}

func askedFor() []provider.Field {
	return []provider.Field{
		{Name: "email", Label: "E-mail address", Kind: provider.FieldEmail, Autocomplete: "username", Required: true},
		{Name: "password", Label: "Password", Value: "never shown", Kind: provider.FieldPassword, Autocomplete: "current-password", Required: true},
		{Name: "host", Label: "Server", Help: "As in mail.example.com.", Kind: provider.FieldHost, Advanced: true},
		{Name: "security", Label: "Encryption", Value: "starttls", Kind: provider.FieldSecurity, Advanced: true},
	}
}

var ids = regexp.MustCompile(`(?:for|aria-describedby)="([^"]*)"`)

// Every label and every description has something that it belongs to.
func TestTheFormIsWired(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"", "email", "password", "host", "security"} {
		page := signin.FormPage{
			ServiceTitle: "IMAP", CancelURL: "https://clinic.example/back",
			Form: connect.Form{Action: "/v1/auth/form?key=k", Fields: askedFor(), Scopes: []scope.Scope{scope.MailRead}},
		}
		if wrong != "" {
			page.Message, page.Form.Wrong = "It is wrong. Correct it.", wrong
		}
		body := form(t, page).Body.String()
		for _, m := range ids.FindAllStringSubmatch(body, -1) {
			for _, id := range strings.Fields(m[1]) {
				if strings.Count(body, `id="`+id+`"`) != 1 {
					t.Errorf("%q wrong: nothing has the id %s:\n%s", wrong, id, body)
				}
			}
		}
		if got := strings.Count(body, " autofocus"); got != 1 {
			t.Errorf("%q wrong: %d elements have the focus", wrong, got)
		}
		if got := strings.Contains(body, `<details id="more" open>`); got != (wrong == "host" || wrong == "security") {
			t.Errorf("%q wrong: more settings open: %t", wrong, got)
		}
		if wrong != "" && (!strings.Contains(body, `href="#field-`+wrong+`"`) || strings.Count(body, `aria-invalid="true"`) != 1) {
			t.Errorf("the summary does not lead to %s:\n%s", wrong, body)
		}
		if strings.Contains(body, "never shown") {
			t.Error("a password came back")
		}
		if !strings.Contains(body, `action="/v1/auth/form?key=k"`) || !strings.Contains(body, "Read your mail") {
			t.Errorf("the page: %s", body)
		}
	}
}

// The server that a link names is seen before a password goes there.
func TestAServerThatIsFilledInIsSeen(t *testing.T) {
	t.Parallel()
	fields := askedFor()
	for i := range fields {
		if fields[i].Kind == provider.FieldHost {
			fields[i].Value = "imap.evil.example"
		}
	}
	if body := form(t, signin.FormPage{Form: connect.Form{Action: "/v1/auth/form?key=k", Fields: fields}}).Body.String(); !strings.Contains(body, `<details id="more" open>`) {
		t.Errorf("a server is filled in out of sight:\n%s", body)
	}
}

func TestTheFormStaysOnThisServer(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"https://evil.example/", "//evil.example/", "javascript:alert(1)", `/\evil.example`} {
		if body := form(t, signin.FormPage{Form: connect.Form{Action: action, Fields: askedFor()}}).Body.String(); strings.Contains(body, "evil") || strings.Contains(body, "alert") {
			t.Errorf("%s: %s", action, body)
		}
	}
}

var refresh = regexp.MustCompile(`<meta http-equiv="refresh" content="0; url=([^"]*)">`)

func TestDoneLeadsOnByItselfAndByLink(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"https://clinic.example/back?code=c&state=s":   "https://clinic.example/back?code=c&amp;state=s",
		"myapp://done?code=c":                          "myapp://done?code=c",
		"https://clinic.example/o'hara?code=c":         "https://clinic.example/o%27hara?code=c",
		"javascript:alert(1)":                          "",
		"https://clinic.example/\"><script>x</script>": "",
	} {
		w := httptest.NewRecorder()
		pages(t).Done(w, seen(nil), signin.DonePage{Status: http.StatusOK, Location: location})
		body, got := w.Body.String(), ""
		if m := refresh.FindStringSubmatch(body); m != nil {
			got = m[1]
		}
		if got != want || (want != "") != strings.Contains(body, `href="`+want+`"`) && want != "" {
			t.Errorf("%s leads to %q: %s", location, got, body)
		}
		if w.Code != http.StatusOK || w.Header().Get("Referrer-Policy") != "no-referrer" || w.Header().Get("Location") != "" || strings.Contains(body, "<script") {
			t.Errorf("%s: %d %v", location, w.Code, w.Header())
		}
	}
}

// stepped is the page of a step, with a server that was found.
func stepped(step connect.Step) signin.FormPage {
	fields := askedFor()
	fields[0].Value, fields[2].Value = "ada@mail.example", "imap.mail.example"
	return signin.FormPage{ServiceTitle: "IMAP", Form: connect.Form{
		Action: "/v1/auth/form?key=k", Step: step, Fields: fields, Found: "sealed", Servers: []string{"imap.mail.example", "smtp.mail.example"},
		Source: "the domain's own settings",
	}}
}

func TestEachStepAsksForItsOwn(t *testing.T) {
	t.Parallel()
	first := stepped(connect.StepFind)
	first.Form.Fields = first.Form.Fields[:1]
	sure, unsure, changed, all := stepped(connect.StepPassword), stepped(connect.StepPassword), stepped(connect.StepPassword), stepped(connect.StepAll)
	unsure.Form.Unsure = "It came unprotected."
	changed.Form.Source = ""
	all.Form.FindURL = "/v1/auth/form?key=k"
	for name, test := range map[string]struct {
		page      signin.FormPage
		has, lack []string
	}{
		"first": {
			first,
			[]string{`name="step" value="find"`, `name="step" value="manual" formnovalidate`, "behind the @", " autofocus"},
			[]string{`type="password"`, `name="found"`, "<details", "readonly", `id="find"`},
		},
		"sure": {
			sure,
			[]string{
				`name="found" value="sealed"`, " readonly", `<details id="more">`, `name="step" value="start"`, "Sign in as ada@mail.example",
				"goes to <strong>imap.mail.example</strong> and <strong>smtp.mail.example</strong>.", "kept encrypted",
			},
			[]string{`name="confirmed"`, `value="find"`, `value="manual"`, `id="find"`},
		},
		"unsure": {
			unsure,
			[]string{"It came unprotected.", `name="confirmed" type="checkbox" value="yes" required autofocus`, `<details id="more" open>`},
			[]string{" checked"},
		},
		"changed": {changed, []string{`<details id="more" open>`}, []string{"How it was found"}},
		"by hand": {
			all,
			[]string{`id="find" href="/v1/auth/form?key=k"`, `<details id="more" open>`, `type="password"`},
			[]string{`name="found"`, `name="step"`, "readonly", `id="server"`},
		},
	} {
		body := form(t, test.page).Body.String()
		for _, want := range test.has {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the page lacks %s:\n%s", name, want, body)
			}
		}
		for _, bad := range test.lack {
			if strings.Contains(strings.SplitN(body, "</style>", 2)[1], bad) {
				t.Errorf("%s: the page has %s:\n%s", name, bad, body)
			}
		}
		if got := strings.Count(body, " autofocus"); got != 1 {
			t.Errorf("%s: %d elements have the focus", name, got)
		}
	}
}

func TestWhatWasFoundStaysWords(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert(1)</script>`
	page := stepped(connect.StepPassword)
	page.Form.Found, page.Form.Source, page.Form.Unsure, page.Form.Servers = evil, evil, evil, []string{evil}
	page.Form.Fields[0].Value, page.Form.Traded = evil, true
	body := form(t, page).Body.String()
	if strings.Contains(body, "<script") || !strings.Contains(body, "is not kept") {
		t.Errorf("the page: %s", body)
	}
	page.Message, page.Form.Wrong = "It is not certain. Look at it.", connect.FieldConfirmed
	body = form(t, page).Body.String()
	for _, want := range []string{`href="#field-confirmed"`, `aria-describedby="error-confirmed" aria-invalid="true"`, "Tick the box"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s:\n%s", want, body)
		}
	}
}

// Onward is not done, and goes nowhere by itself but where it was told.
func TestOnwardSaysWhereItGoes(t *testing.T) {
	t.Parallel()
	for title, want := range map[string][]string{
		"Google": {"Your account is with Google.", "Continue to Google", "come back to Clinic", "You are going there now."},
		"":       {"One question is left.", ">Continue</a>"},
	} {
		w := httptest.NewRecorder()
		pages(t).Done(w, seen(nil), signin.DonePage{Status: http.StatusOK, Location: "https://avain.example/x", Onward: true, ServiceTitle: title})
		for _, part := range append(want, `content="0; url=https://avain.example/x"`) {
			if !strings.Contains(w.Body.String(), part) || strings.Contains(w.Body.String(), "is connected") {
				t.Errorf("%q: the page lacks %s:\n%s", title, part, w.Body)
			}
		}
	}
}

// What went wrong is said once: at its field, with a summary that leads there, or in the
// summary where no field can cure it.
func TestARefusedFormSaysItsReasonOnce(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"", "email", "security"} {
		page := signin.FormPage{
			ServiceTitle: "IMAP", Message: "The server is asleep. Wake it up.", Code: "server.asleep", RetryAfter: time.Minute,
			Form: connect.Form{Action: "/v1/auth/form?key=k", Fields: askedFor(), Wrong: wrong},
		}
		body := form(t, page).Body.String()
		for _, said := range []string{"The server is asleep.", "Wake it up.", "Try again in 1 minute."} {
			if got := strings.Count(body, said); got != 1 {
				t.Errorf("%q wrong: %q is said %d times:\n%s", wrong, said, got, body)
			}
		}
		_, summary, _ := strings.Cut(body, `<div id="problem" class="problem" role="alert">`)
		summary, _, _ = strings.Cut(summary, "</div>")
		if strings.Contains(summary, "asleep") != (wrong == "") || strings.Contains(summary, "This has not worked yet.") != (wrong != "") {
			t.Errorf("%q wrong: the summary is %s", wrong, summary)
		}
		if !strings.Contains(body, "<title>Not signed in yet: ") {
			t.Errorf("%q wrong: the title does not tell:\n%s", wrong, body)
		}
	}
}

// What only an administrator can cure comes with the steps, and a mail that says them.
func TestTheFormShowsAnAdministratorsSteps(t *testing.T) {
	t.Parallel()
	page := signin.FormPage{
		ServiceTitle: "SugarCRM", Message: "An administrator must act. Ask one.", Code: "provider.admin",
		Form: connect.Form{Action: "/v1/auth/form?key=k", Fields: askedFor(), Steps: []string{"Open <Admin>.", "Save."}},
	}
	body := form(t, page).Body.String()
	for _, want := range []string{
		`<ol id="admin-steps"><li>Open &lt;Admin&gt;.</li><li>Save.</li>`,
		`id="admin-mail" href="mailto:?subject=Please%20approve%20Clinic`, "1.%20Open%20%3CAdmin%3E.%0D%0A2.%20Save.",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s:\n%s", want, body)
		}
	}
	page.Form.Steps = nil
	if body := form(t, page).Body.String(); strings.Contains(body, `id="admin-`) {
		t.Errorf("steps of nobody:\n%s", body)
	}
}
