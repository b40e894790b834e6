package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
)

// kept is what the browser sends back of the cookies that were set.
func kept(app account.Application, mailbox string, secure bool, token string) []*http.Cookie {
	w := httptest.NewRecorder()
	setSession(w, app, mailbox, secure, token)
	return w.Result().Cookies()
}

func TestASessionsCookies(t *testing.T) {
	t.Parallel()
	app := account.Application{ID: "app"}
	crossSite := app
	crossSite.Settings.CrossSite = true
	for _, c := range []struct {
		app    account.Application
		secure bool
		names  int
		same   http.SameSite
	}{
		{app, true, 2, http.SameSiteLaxMode},
		{app, false, 1, http.SameSiteLaxMode},
		{crossSite, true, 2, http.SameSiteNoneMode},
		{crossSite, false, 1, http.SameSiteLaxMode}, // browsers refuse None without Secure
	} {
		cookies := kept(c.app, "mailbox", c.secure, "token")
		if len(cookies) != c.names {
			t.Fatalf("%d cookies", len(cookies))
		}
		for i, got := range cookies {
			prefixed := strings.HasPrefix(got.Name, "__Host-AUR")
			if prefixed != (i == 1) || !prefixed && !strings.HasPrefix(got.Name, "AUR") || got.Domain != "" || got.Path != "/" ||
				!got.HttpOnly || got.Secure != c.secure || got.SameSite != c.same || got.MaxAge != 30*24*3600 {
				t.Errorf("secure %t, cross-site %t: %s", c.secure, c.app.Settings.CrossSite, got.Raw)
			}
		}
		for _, ended := range kept(c.app, "mailbox", c.secure, "") {
			if ended.MaxAge >= 0 || ended.Value != "" {
				t.Errorf("ended by %s", ended.Raw)
			}
		}
	}
	if a, b := sessionCookie(app, ""), sessionCookie(app, "x"); a == b || b == sessionCookie(app, "y") || strings.Contains(b, "x=") {
		t.Errorf("%q and %q", a, b)
	}
}

// Another host of the site can set cookies of any name for ours but those with the prefix.
func TestATossedCookieIsNoSession(t *testing.T) {
	t.Parallel()
	app := account.Application{ID: "app"}
	mine, evil := access.NewSession().Reveal(), access.NewSession().Reveal()
	tossed := &http.Cookie{Name: sessionCookie(app, ""), Value: evil}
	for name, c := range map[string]struct {
		cookies []*http.Cookie
		secure  bool
		want    string
	}{
		"mine":                          {kept(app, "", true, mine), true, mine},
		"mine behind a tossed one":      {append([]*http.Cookie{tossed}, kept(app, "", true, mine)...), true, mine},
		"mine before a tossed one":      {append(kept(app, "", true, mine), tossed), true, mine},
		"a tossed one alone":            {[]*http.Cookie{tossed}, true, ""},
		"a tossed one with my witness":  {[]*http.Cookie{tossed, kept(app, "", true, mine)[1]}, true, ""},
		"two witnesses":                 {append(kept(app, "", true, mine), kept(app, "", true, evil)...), true, ""},
		"more than anybody has":         {append(kept(app, "", true, mine), tossed, tossed, tossed, tossed, tossed, tossed, tossed, tossed), true, ""},
		"another mailbox's":             {kept(app, "mailbox", true, mine), true, ""},
		"without https":                 {kept(app, "", false, mine), false, mine},
		"without https, and a second":   {append(kept(app, "", false, mine), tossed), false, ""},
		"without https, the same twice": {append(kept(app, "", false, mine), kept(app, "", false, mine)...), false, mine},
	} {
		r := httptest.NewRequest(http.MethodGet, "/v1/user", nil)
		for _, one := range c.cookies {
			r.AddCookie(one)
		}
		if got := inCookie(r, app, "", c.secure).Reveal(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestACookieWorksForOwnPagesAlone(t *testing.T) {
	t.Parallel()
	s := &Server{Config: Config{PublicURL: &url.URL{Scheme: "https", Host: "avain.example"}}}
	app := account.Application{ReturnURLs: []string{"https://app.example/back"}, Settings: account.Settings{Origins: []string{"https://spa.example"}}}
	for _, c := range []struct {
		method, origin, site string
		own                  bool
	}{
		{"POST", "https://avain.example", "same-origin", true},
		{"POST", "https://app.example", "cross-site", true},
		{"POST", "https://spa.example", "", true},
		{"POST", "https://evil.example", "cross-site", false},
		{"POST", "https://evil.avain.example", "same-site", false},
		{"POST", "http://app.example", "cross-site", false},
		{"POST", "null", "cross-site", false},
		{"GET", "https://evil.example", "", false},
		{"GET", "", "same-origin", true},
		{"GET", "", "same-site", false},
		{"GET", "", "cross-site", false},
		{"GET", "", "none", false},
		{"GET", "", "", true}, // it cannot have come from a page of another origin, which sends Origin with our header
		{"POST", "", "", false},
		{"DELETE", "", "same-origin", true},
		{"DELETE", "", "none", false},
	} {
		r := httptest.NewRequest(c.method, "https://avain.example/v1/user", nil)
		for name, value := range map[string]string{"Origin": c.origin, "Sec-Fetch-Site": c.site} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		if err := s.ownPage(r, app); (err == nil) != c.own {
			t.Errorf("%s, Origin %q, Sec-Fetch-Site %q: %v", c.method, c.origin, c.site, err)
		}
	}
}

func TestWorkHours(t *testing.T) {
	t.Parallel()
	const week = `{"daySchedules":[{"dayOfWeek":"monday","workingIntervals":[{"start":"09:00","end":"17:30"}]}],"timezone":"Europe/Berlin"}`
	for body, want := range map[string]string{
		`{"workHours":` + week + `}`: week, week: week, `{"workHours":` + week + `,"timezone":"UTC"}`: week,
		`{"workHours":null}`: "", `{"timezone":"UTC"}`: `{"daySchedules":[],"timezone":"UTC"}`,
		`{"daySchedules":[{"dayOfWeek":"Sunday"}],"more":1}`: `{"daySchedules":[{"dayOfWeek":"sunday","workingIntervals":[]}]}`,
	} {
		r := httptest.NewRequest("PATCH", "/v1/user/settings", strings.NewReader(body))
		if got, given, err := readWorkHours(r); err != nil || !given || got != want {
			t.Errorf("%s: %s, %t, %v", body, got, given, err)
		}
	}
	for _, nothing := range []string{`{}`, `{"other":1}`} {
		if got, given, err := readWorkHours(httptest.NewRequest("PATCH", "/", strings.NewReader(nothing))); err != nil || given || got != "" {
			t.Errorf("%s: %q, %t, %v", nothing, got, given, err)
		}
	}
	for body, names := range map[string]string{
		``: "JSON", `[]`: "object", `{`: "JSON", `{"workHours":7}`: "workHours", `{"daySchedules":{}}`: "daySchedules", `{"timezone":7}`: "It is timezone: a string",
		`{"timezone":"<b>"}`: "timezone", `{"daySchedules":[{"dayOfWeek":"someday"}]}`: "dayOfWeek",
		`{"daySchedules":[{"dayOfWeek":"monday"},{"dayOfWeek":"monday"}]}`:                                   "dayOfWeek",
		`{"daySchedules":[{"dayOfWeek":"monday","workingIntervals":[{"start":"17:00","end":"09:00"}]}]}`:     "workingIntervals",
		`{"daySchedules":[{"dayOfWeek":"monday","workingIntervals":[{"start":"9","end":"25:00"}]}]}`:         "workingIntervals",
		`{"daySchedules":[{"dayOfWeek":"monday","workingIntervals":[` + strings.Repeat(`{},`, 24) + `{}]}]}`: "24 a day",
		`{"daySchedules":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`:                 "16 deep",
		`{"timezone":"UTC","Timezone":"Europe/Berlin"}`:                                                      "twice",
	} {
		if _, _, err := readWorkHours(httptest.NewRequest("PATCH", "/", strings.NewReader(body))); err == nil || !strings.Contains(err.Error(), names) {
			t.Errorf("%.60s: %v, want it to name %s", body, err, names)
		}
	}
}
