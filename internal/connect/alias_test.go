package connect_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/connect"
)

func TestParseAlias(t *testing.T) {
	t.Parallel()
	long := "https://" + strings.Repeat("a.", 126) + "aa" // 254 characters of a name
	for raw, want := range map[string]string{
		"https://connect.example": "https://connect.example", "HTTPS://Connect.Example:443/": "https://connect.example",
		"https://connect.example:8443": "https://connect.example:8443", "https://xn--mller-kva.example": "https://xn--mller-kva.example",
		"http://127.0.0.3:8080": "http://127.0.0.3:8080", "http://localhost": "http://localhost", "http://[::1]:80": "http://[::1]",
		"https://192.0.2.1": "https://192.0.2.1", "https://[2001:DB8::1]": "https://[2001:db8::1]", "https://avain_connect.example": "https://avain_connect.example",

		"http://connect.example": "", "https://connect.example/a": "", "https://connect.example?": "", "https://connect.example#": "",
		"https://me@connect.example": "", "https://me:pass@connect.example": "", "connect.example": "", "myapp://connect": "",
		"https://": "", "https://:8443": "", "https://connect.example.": "", "https://müller.example": "", "https://a..b": "",
		"https://connect.example:0": "", "https://connect.example:123456": "", "https://a b": "", "https://%61.example": "", "%": "",
		"https://connect.example,evil.example": "", "https://*.example": "", long: "",
		// Browsers write these addresses otherwise, and would never be let in.
		"https://[0:0:0:0:0:0:0:1]": "", "https://[::ffff:192.0.2.1]": "", "https://127.1": "", "https://0x7f.0.0.1": "", "https://a.1": "", "https://[1:2]": "",
	} {
		got, err := connect.ParseAlias(raw)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("ParseAlias(%q) = %q, %v; want %q", raw, got, err, want)
		}
	}
	if got, err := connect.ParseAlias(""); got != "" || err != nil {
		t.Errorf("no alias: %q, %v", got, err)
	}
}

func TestCallbackURL(t *testing.T) {
	t.Parallel()
	public := &url.URL{Scheme: "https", Host: "avain.example"}
	const relay = "https://relay.example/r"
	for _, c := range []struct {
		public       *url.URL
		alias, relay string
		want         string
	}{
		{public, "", "", "https://avain.example/v1/auth/callback"},
		{public, "https://connect.example", "", "https://connect.example/v1/auth/callback"},
		{public, "http://127.0.0.3:8080", "", "http://127.0.0.3:8080/v1/auth/callback"},
		{public, "https://connect.example", relay, relay},
		{public, "", relay, relay},
		{nil, "https://connect.example", "", "https://connect.example/v1/auth/callback"},
		{nil, "", relay, relay},
		{nil, "", "", ""},
		// The public URL's own host is no alias, whatever its scheme says.
		{public, "https://AVAIN.example", "", "https://avain.example/v1/auth/callback"},
		{public, "http://avain.example", "", "https://avain.example/v1/auth/callback"},
		{public, "%", "", "https://avain.example/v1/auth/callback"},
	} {
		app := account.Application{Settings: account.Settings{Alias: c.alias}}
		if got := connect.CallbackURL(c.public, app, account.Registration{CallbackURL: c.relay}); got != c.want {
			t.Errorf("public %v, alias %q, relay %q: %q, want %q", c.public, c.alias, c.relay, got, c.want)
		}
	}
}
