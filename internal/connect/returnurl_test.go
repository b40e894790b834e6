package connect

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheckReturnURL(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"https://app.example", "https://app.example/", "https://app.example/connected", "https://APP.example/connected",
		"https://app.example:8443/connected", "https://app.example/connected?tenant=1&x=%26", "https://xn--bcher-kva.example/a",
		"https://[2001:db8::1]/connected", "http://localhost/connected", "http://127.0.0.1:9000/a", "http://[::1]:9000/a",
		"com.example.app:/connected", "myapp://connected", "myapp:connected",
	} {
		if err := CheckReturnURL(good); err != nil {
			t.Errorf("%s cannot be registered: %v", good, err)
		}
	}
	for why, bad := range map[string]string{
		"empty":                     "",
		"relative":                  "/connected",
		"scheme relative":           "//app.example/connected",
		"http elsewhere":            "http://app.example/connected",
		"http on a private network": "http://10.0.0.1/connected",
		"loopback look-alike":       "http://localhost.app.example/connected",
		"short loopback":            "http://127.1/connected",
		"user":                      "https://user@app.example/connected",
		"empty user":                "https://@app.example/connected",
		"user and password":         "https://user:pass@app.example/connected",
		"user of a custom scheme":   "myapp://user@connected",
		"fragment":                  "https://app.example/connected#here",
		"empty fragment":            "https://app.example/connected#",
		"backslash":                 `https://app.example\connected`,
		"encoded backslash":         "https://app.example/a%5Cb",
		"encoded slash":             "https://app.example/a%2fb",
		"encoded percent":           "https://app.example/a%252fb",
		"encoded NUL":               "https://app.example/a%00",
		"dot segment":               "https://app.example/a/./b",
		"dots":                      "https://app.example/a/../b",
		"dots at the end":           "https://app.example/a/..",
		"encoded dots":              "https://app.example/a/%2e%2E/b",
		"half encoded dots":         "https://app.example/a/.%2e/b",
		"empty segment":             "https://app.example//connected",
		"trailing dot":              "https://app.example./connected",
		"colon without a port":      "https://app.example:/connected",
		"port that is none":         "https://app.example:https/connected",
		"no host":                   "https:///connected",
		"host behind one slash":     "https:/app.example/connected",
		"host behind none":          "https:app.example/connected",
		"port alone":                "https://:443/connected",
		"zone":                      "http://[fe80::1%25lo]/connected",
		"encoded host":              "https://app.ex%61mple/connected",
		"encoded letter in host":    "https://%C3%A4pp.example/connected",
		"letter beyond ASCII":       "https://äpp.example/connected",
		"full-width dot":            "https://app。example/connected",
		"space":                     "https://app.example/con nected",
		"space before":              " https://app.example/connected",
		"tab":                       "https://app.exa\tmple/connected",
		"newline":                   "https://app.example/connected\n",
		"carriage return":           "https://app.example/\rconnected",
		"NUL":                       "https://app.example/connected\x00",
		"DEL":                       "https://app.example/connected\x7f",
		"quote":                     `https://app.example/"onload=`,
		"angle brackets":            "https://app.example/<script>",
		"javascript":                "javascript:alert(1)",
		"javascript in capitals":    "JavaScript:alert(1)",
		"javascript with a host":    "javascript://app.example/%0aalert(1)",
		"data":                      "data:text/html,hello",
		"file":                      "file:///etc/passwd",
		"blob":                      "blob:https://app.example/1",
		"view-source":               "view-source:https://app.example/",
		"broken escape":             "https://app.example/%zz",
		"broken query":              "https://app.example/connected?a=%zz",
		"semicolon in the query":    "https://app.example/connected?a=1;code=2",
	} {
		if err := CheckReturnURL(bad); err == nil {
			t.Errorf("%s: %q can be registered", why, bad)
		}
	}
}

// Our own names in a return URL's query could fake or hide an answer.
func TestReturnURLNeverCarriesOurNames(t *testing.T) {
	t.Parallel()
	names := []string{
		"code", "state", "status", "error", "details", "accessToken", "accountId", "userId", "userSession", "requestId", "iss", "error_description",
		"CODE", "AccessToken", "accesstoken", "cod%65", "%63%6f%64%65", "co%2564e", "%2563ode", "+code", "code+", "%20code",
		"code[]", "code%5B%5D", "state[x]", "status.x", "code%255B", "%252563ode", "%25252563ode", "%2525252525252563ode", "a%252525252525252541",
		"code%00", "code%0a", "%09code", "%C5%BFtate", "acce%C5%BFsToken", "acces%73To%E2%84%AAen",
	}
	for _, name := range names {
		for _, raw := range []string{
			returnTo + "?" + name + "=x", returnTo + "?" + name, returnTo + "?a=1&" + name + "=x", returnTo + "?a=1&&" + name + "=&b=2",
		} {
			if MatchReturnURL([]string{returnTo}, raw) {
				t.Errorf("%s matches", raw)
			}
			if err := CheckReturnURL(raw); err == nil {
				t.Errorf("%s can be registered", raw)
			}
			// Not even where it slipped into the registration.
			if MatchReturnURL([]string{raw}, raw) {
				t.Errorf("%s matches itself", raw)
			}
		}
	}
	for _, free := range []string{"codes", "mystate", "tenant", "a%20code", "error_uri", "co", "my[code]", "a.state", "codes[]", "a%25252541"} {
		if raw := returnTo + "?" + free + "=code"; !MatchReturnURL([]string{returnTo}, raw) {
			t.Errorf("%s does not match", raw)
		}
	}
}

const returnTo = "https://app.example/connected"

func TestMatchReturnURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		registered, raw string
		want            bool
	}{
		{returnTo, returnTo, true},
		{returnTo, "https://APP.Example/connected", true},
		{returnTo, "HTTPS://app.example/connected", true},
		{"https://APP.example/connected", returnTo, true},
		{returnTo, returnTo + "?tenant=1&x=y", true},
		{returnTo, returnTo + "?", true},

		{returnTo, "", false},
		{returnTo, "/connected", false},
		{returnTo, "http://app.example/connected", false},
		{returnTo, "https://app.example", false},
		{returnTo, "https://app.example/", false},
		{returnTo, "https://app.example/connected/", false},
		{returnTo, "https://app.example/connected/more", false},
		{returnTo, "https://app.example/connecte", false},
		{returnTo, "https://app.example/Connected", false},
		{returnTo, "https://app.example/c%6fnnected", false},
		{returnTo, "https://app.example/connected%2f", false},
		{returnTo, "https://app.example/connected;x=1", false},
		{returnTo, "https://app.example/x/../connected", false},
		{returnTo, "https://app.example/./connected", false},
		{returnTo, "https://app.example//connected", false},
		{returnTo, "https://app.example//evil.example/connected", false},

		{returnTo, "https://app.example.evil.example/connected", false},
		{returnTo, "https://evil-app.example/connected", false},
		{returnTo, "https://x.app.example/connected", false},
		{returnTo, "https://app.example./connected", false},
		{returnTo, "https://app-example/connected", false},
		{returnTo, "https://app.exampl/connected", false},
		{returnTo, "https://app.example@evil.example/connected", false},
		{returnTo, "https://evil.example@app.example/connected", false},
		{returnTo, "https://app.example:x@evil.example/connected", false},
		{returnTo, "https://app.example%40evil.example/connected", false},
		{returnTo, "https://evil.example#@app.example/connected", false},
		{returnTo, "https://evil.example?@app.example/connected", false},
		{returnTo, `https://evil.example\@app.example/connected`, false},
		{returnTo, `https:\\app.example\connected`, false},
		{returnTo, `https://app.example\.evil.example/connected`, false},
		{returnTo, "https://app.example%2f.evil.example/connected", false},
		{returnTo, "https://app.example%00.evil.example/connected", false},
		{returnTo, "https:///app.example/connected", false},
		{returnTo, "https:app.example/connected", false},
		{returnTo, "//app.example/connected", false},
		{returnTo, "javascript://app.example/connected", false},

		{returnTo, "https://app.example:443/connected", false},
		{"https://app.example:443/connected", returnTo, false},
		{returnTo, "https://app.example:8443/connected", false},
		{returnTo, "https://app.example:/connected", false},
		{"https://app.example:8443/connected", "https://app.example:8443/connected", true},
		{"https://app.example:8443/connected", "https://app.example:08443/connected", false},

		{returnTo, returnTo + "#", false},
		{returnTo, returnTo + "#code=1", false},
		{returnTo, returnTo + "\n", false},
		{returnTo, "https://app.exa\tmple/connected", false},
		{returnTo, "\x00" + returnTo, false},
		{returnTo, " " + returnTo, false},

		// A letter that folds or maps to an ASCII one is another host to us.
		{"https://ask.example/a", "https://a%C5%BFk.example/a", false},
		{"https://ask.example/a", "https://as%E2%84%AA.example/a", false},
		{"https://ask.example/a", "https://a\u017fk.example/a", false},
		{"https://xn--bcher-kva.example/a", "https://xn--bcher-kva.example/a", true},
		{"https://xn--bcher-kva.example/a", "https://b%C3%BCcher.example/a", false},
		{"https://bucher.example/a", "https://xn--bcher-kva.example/a", false},

		{"https://app.example/a?tenant=1", "https://app.example/a?tenant=1", true},
		{"https://app.example/a?tenant=1", "https://app.example/a?tenant=2", false},
		{"https://app.example/a?tenant=1", "https://app.example/a?tenant=1&x=2", false},
		{"https://app.example/a?tenant=1", "https://app.example/a", false},

		// RFC 8252 §7.3: native applications listen where there is room.
		{"http://127.0.0.1/a", "http://127.0.0.1:51234/a", true},
		{"http://127.0.0.1:8000/a", "http://127.0.0.1:51234/a", true},
		{"http://127.0.0.1:8000/a", "http://127.0.0.1/a", true},
		{"http://localhost/a", "http://LOCALHOST:51234/a", true},
		{"http://[::1]/a", "http://[::1]:51234/a", true},
		{"http://127.0.0.1/a", "http://127.0.0.1:51234/b", false},
		{"http://127.0.0.1/a", "http://127.0.0.2:51234/a", false},
		{"http://127.0.0.1/a", "http://localhost:51234/a", false},
		{"http://127.0.0.1/a", "http://2130706433/a", false},
		{"http://127.0.0.1/a", "http://127.0.0.1.evil.example/a", false},
		{"http://127.0.0.1/a", "http://127.0.0.1:80@evil.example/a", false},
		{"http://localhost/a", "http://localhost.:51234/a", false},
		{"http://localhost/a", "https://localhost:51234/a", false},
		{"https://localhost/a", "https://localhost:51234/a", false},
		{"http://[::1]/a", "http://[0:0:0:0:0:0:0:1]:51234/a", false},
		{"http://[::1]/a", "http://[::1%25eth0]:51234/a", false},
		// One that slipped into the store keeps to its port.
		{"http://app.example/a", "http://app.example:8080/a", false},

		{"https://[2001:db8::1]/a", "https://[2001:DB8::1]/a", true},
		{"https://[2001:db8::1]/a", "https://[2001:db8::2]/a", false},
		{"https://[2001:db8::1]/a", "https://[2001:db8::1]:8443/a", false},

		{"com.example.app:/a", "com.example.app:/a", true},
		{"com.example.app:/a", "com.example.app:/a?x=1", false},
		{"com.example.app:/a", "com.example.app:/b", false},
		{"com.example.app:/a", "COM.example.app:/a", false},
		{"com.example.app:/a", "com.example.app://a", false},
		{"myapp://a", "myapp://evil", false},
		{"myapp://a", "myapp2://a", false},
	} {
		if got := MatchReturnURL([]string{"https://unrelated.example/", c.registered}, c.raw); got != c.want {
			t.Errorf("registered %s, sent %q: match is %t", c.registered, c.raw, got)
		}
	}
	if MatchReturnURL(nil, returnTo) || MatchReturnURL([]string{""}, "") {
		t.Error("something matches where nothing is registered")
	}
}

func TestAnswerURL(t *testing.T) {
	t.Parallel()
	answer := url.Values{"status": {"success"}, "state": {"a b&c=d#e"}}
	const encoded = "state=a+b%26c%3Dd%23e&status=success"
	for _, c := range []struct {
		returnURL         string
		tokenMode, failed bool
		want              string
	}{
		{returnTo, false, false, returnTo + "?" + encoded},
		{returnTo, false, true, returnTo + "?" + encoded},
		{returnTo + "?", false, false, returnTo + "?" + encoded},
		{returnTo + "?a=1", false, false, returnTo + "?a=1&" + encoded},
		{returnTo + "?a=1&", false, false, returnTo + "?a=1&" + encoded},
		{returnTo, true, false, returnTo + "#" + encoded},
		{returnTo + "?a=1", true, false, returnTo + "?a=1#" + encoded},
		{returnTo + "?a=1", true, true, returnTo + "?a=1&" + encoded + "#" + encoded},
		{"myapp:connected", false, false, "myapp:connected?" + encoded},
	} {
		if d := cmp.Diff(c.want, answerURL(c.returnURL, answer, c.tokenMode, c.failed)); d != "" {
			t.Errorf("%s, token mode %t, failed %t: %s", c.returnURL, c.tokenMode, c.failed, d)
		}
	}
}

// parts is a URL as RFC 3986 appendix B reads it: an expression instead of the
// parser that the product uses.
type parts struct{ scheme, user, host, port, path, query, fragment string }

var appendixB = regexp.MustCompile(`^(?s)(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$`)

func read(raw string) parts {
	m := appendixB.FindStringSubmatch(raw)
	p := parts{scheme: lowerASCII(m[1]), host: m[2], path: m[3], query: m[4], fragment: m[5]}
	if at := strings.LastIndexByte(p.host, '@'); at >= 0 {
		p.user, p.host = p.host[:at+1], p.host[at+1:]
	}
	if colon := strings.LastIndexByte(p.host, ':'); colon > strings.LastIndexByte(p.host, ']') {
		p.host, p.port = p.host[:colon], p.host[colon:]
	}
	p.host = lowerASCII(p.host)
	return p
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func FuzzMatchReturnURL(f *testing.F) {
	for _, seed := range [][2]string{
		{returnTo, returnTo},
		{returnTo, returnTo + "?a=1"},
		{returnTo, "https://app.example@evil.example/connected"},
		{returnTo, "https://app.example:443/connected"},
		{"http://127.0.0.1/a", "http://127.0.0.1:5000/a"},
		{"http://[::1]/a", "http://[::1]:5000/a"},
		{"myapp:a", "myapp:a"},
		{"https://ask.example/", "https://a%C5%BFk.example/"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, registered, raw string) {
		if CheckReturnURL(registered) != nil || !MatchReturnURL([]string{registered}, raw) {
			return
		}
		want, got := read(registered), read(raw)
		if got.user != "" || got.fragment != "" {
			t.Errorf("%q has a user or a fragment and matches %q", raw, registered)
		}
		if want.scheme == "http" {
			switch {
			case want.host == "localhost", strings.HasPrefix(want.host, "127."), strings.HasPrefix(want.host, "["):
				got.port = want.port
			default:
				t.Errorf("%q was registered", registered)
			}
		}
		if want.query == "" || want.query == "?" {
			got.query = want.query
		}
		if want != got {
			t.Errorf("%q matches %q: %+v is not %+v", raw, registered, got, want)
		}
		for pair := range strings.SplitSeq(strings.TrimPrefix(read(raw).query, "?"), "&") {
			name, _, _ := strings.Cut(pair, "=")
			for _, our := range ours {
				if strings.EqualFold(name, our) {
					t.Errorf("%q carries our name %q", raw, name)
				}
			}
		}
	})
}
