package discovery_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/discovery"
)

const ownFile = "https://autoconfig.example.com/mail/config-v1.1.xml"

// Answers that must lead nowhere. None of the servers that they name is spoken to.
func TestHostileAnswersLeadNowhere(t *testing.T) {
	t.Parallel()
	file := func(content string) func(*world) { return func(w *world) { w.settings(ownFile, content) } }
	entry := func(host, port, socket, auth string) func(*world) {
		return file(`<clientConfig><emailProvider>` + server("incomingServer", "imap", host, port, socket, auth) + `</emailProvider></clientConfig>`)
	}
	page := func(serve http.HandlerFunc) func(*world) {
		return func(w *world) { w.site("https://autoconfig.example.com", serve) }
	}
	for name, set := range map[string]func(*world){
		"plain":                   entry("mx7.example.com", "143", "plain", "password-cleartext"),
		"an unknown socket":       entry("mx7.example.com", "993", "", "password-cleartext"),
		"port 25":                 entry("mx7.example.com", "25", "SSL", "password-cleartext"),
		"port 0":                  entry("mx7.example.com", "0", "SSL", "password-cleartext"),
		"port 65536":              entry("mx7.example.com", "65536", "SSL", "password-cleartext"),
		"port 993 and more":       entry("mx7.example.com", "993@evil.test", "SSL", "password-cleartext"),
		"an address":              entry("93.184.216.34", "993", "SSL", "password-cleartext"),
		"an IPv6 address":         entry("[2606:2800::1]", "993", "SSL", "password-cleartext"),
		"cloud metadata":          entry("169.254.169.254", "993", "SSL", "password-cleartext"),
		"an odd address":          entry("0x7f.1", "993", "SSL", "password-cleartext"),
		"loopback by name":        entry("localhost", "993", "SSL", "password-cleartext"),
		"a URL":                   entry("https://mx7.example.com/", "993", "SSL", "password-cleartext"),
		"the address in the name": entry("%EMAILADDRESS%", "993", "SSL", "password-cleartext"),
		"the person in the name":  entry("%EMAILLOCALPART%.evil.test", "993", "SSL", "password-cleartext"),
		"OAuth alone":             entry("mx7.example.com", "993", "SSL", "OAuth2"),
		"Kerberos alone":          entry("mx7.example.com", "993", "SSL", "GSSAPI"),
		"a server that is silent": func(w *world) {
			entry("mx7.example.com", "993", "SSL", "password-cleartext")(w)
			w.mail["mx7.example.com:993"] = false
		},
		"an entity":         file(`<!DOCTYPE c [<!ENTITY h SYSTEM "file:///etc/passwd">]><clientConfig><emailProvider>&h;</emailProvider></clientConfig>`),
		"a bomb":            file(bomb()),
		"an unknown entity": file(`<clientConfig><emailProvider>&h;</emailProvider></clientConfig>`),
		"half a file":       file(autoconfig("mx7.example.com", "mx8.example.com")[:200]),
		"a web page":        file("<!doctype html><html><body>Welcome</body></html>"),
		"nothing":           file(""),
		"too deep":          file(strings.Repeat("<clientConfig>", 5000)),
		"too many elements": file("<clientConfig>" + strings.Repeat("<a/>", 3000) + "</clientConfig>"),
		"another charset":   file(`<?xml version="1.0" encoding="UTF-7"?>` + autoconfig("mx7.example.com", "mx8.example.com")[21:]),
		"an error page": page(func(out http.ResponseWriter, _ *http.Request) {
			http.Error(out, autoconfig("mx7.example.com", "mx8.example.com"), 500)
		}),
		"a redirect to http":       page(moved("http://autoconfig.example.com/mail/config-v1.1.xml")),
		"a redirect to itself":     page(moved(ownFile)),
		"a redirect with a name":   page(moved("https://ada:secret@autoconfig.example.com/")),
		"a redirect to a file":     page(moved("file:///etc/passwd")),
		"a redirect to loopback":   page(moved("https://127.0.0.1/")),
		"a redirect to metadata":   page(moved("https://169.254.169.254/latest/meta-data")),
		"a redirect to a database": page(moved("https://autoconfig.example.com:5432/")),
		"10 MB": page(func(out http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(out, strings.Repeat(" ", 10<<20)+autoconfig("mx7.example.com", "mx8.example.com"))
		}),
		"a slow drip": page(func(out http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(out, " ")
				_ = http.NewResponseController(out).Flush()
				time.Sleep(time.Second)
			}
		}),
		"silence": page(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }),
		"a name that leads inside": func(w *world) {
			w.settings(ownFile, autoconfig("mx7.example.com", "mx8.example.com"))
			w.addresses["autoconfig.example.com"] = netip.MustParseAddr("10.0.0.1")
		},
		"SRV to loopback":    func(w *world) { w.srv["_imaps._tcp.example.com"] = record("localhost.", 993) },
		"SRV to an address":  func(w *world) { w.srv["_imaps._tcp.example.com"] = record("127.0.0.1.", 993) },
		"SRV to port 25":     func(w *world) { w.srv["_imaps._tcp.example.com"] = record("mx7.example.com.", 25) },
		"SRV to port 0":      func(w *world) { w.srv["_imaps._tcp.example.com"] = record("mx7.example.com.", 0) },
		"SRV to nothing":     func(w *world) { w.srv["_imaps._tcp.example.com"] = record(".", 993) },
		"SRV for sending":    func(w *world) { w.srv["_submissions._tcp.example.com"] = record("smtp.example.com.", 465) },
		"MX to nothing":      func(w *world) { w.mx["example.com"] = []string{"."} },
		"MX to a suffix":     func(w *world) { w.mx["example.com"] = []string{"co.uk."} },
		"MX to loopback":     func(w *world) { w.mx["example.com"] = []string{"localhost.", "127.0.0.1."} },
		"MX with odd labels": func(w *world) { w.mx["example.com"] = []string{"a b.\\000.", strings.Repeat("x", 300) + "."} },
		"Exchange that says no": func(w *world) {
			w.site("https://example.com", func(out http.ResponseWriter, _ *http.Request) { out.WriteHeader(403) })
		},
		"Exchange with tokens alone": func(w *world) {
			w.site("https://example.com", func(out http.ResponseWriter, _ *http.Request) {
				out.Header().Set("WWW-Authenticate", `Bearer realm="negotiate ntlm"`)
				out.WriteHeader(401)
			})
		},
		"Exchange by http":         func(w *world) { w.site("http://autodiscover.example.com", exchange) },
		"Exchange by http to http": func(w *world) { w.site("http://autodiscover.example.com", moved("http://autodiscover-s.outlook.com/")) },
		"Exchange that goes in rounds": func(w *world) {
			w.site("https://example.com", moved("https://example.com/autodiscover/autodiscover.xml"))
		},
		"Exchange to loopback": func(w *world) {
			w.site("https://example.com", moved("https://127.0.0.1/autodiscover/autodiscover.xml"))
		},
		"Exchange nearly online":      func(w *world) { w.site("https://example.com", moved("https://outlook.com.evil.test/")) },
		"Exchange by SRV to loopback": func(w *world) { w.srv["_autodiscover._tcp.example.com"] = record("localhost.", 443) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in(t, func(w *world) {
				w.lenient = true
				set(w)
				start := time.Now()
				found := w.find("example.com")
				if found.Trust != discovery.Nothing || found.Service != "" || len(found.Servers) > 0 || time.Since(start) > provider.FindTimeout {
					t.Errorf("after %v %+v", time.Since(start), found)
				}
				for _, to := range w.dialled {
					if host, _, _ := net.SplitHostPort(to); host == "" {
						t.Errorf("dialled something inside: %q", w.dialled)
					}
				}
			})
		})
	}
}

// bomb is a file of a few hundred bytes that would be gigabytes.
func bomb() string {
	file := `<!DOCTYPE b [<!ENTITY a0 "ha">`
	for i := range 30 {
		file += fmt.Sprintf(`<!ENTITY a%d "&a%d;&a%d;">`, i+1, i, i)
	}
	return file + `]><clientConfig><emailProvider><incomingServer type="imap"><hostname>&a30;</hostname></incomingServer></emailProvider></clientConfig>`
}

// What names a server of another domain is for the person to judge.
func TestAnotherDomainIsShown(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		domain string
		set    func(*world)
		host   string
		trust  discovery.Trust
	}{
		"autoconfig": {"example.com", func(w *world) { w.settings(ownFile, autoconfig("imap.evil.test", "smtp.example.com")) }, "imap.evil.test", discovery.SettingsElsewhere},
		"sending":    {"example.com", func(w *world) { w.settings(ownFile, autoconfig("imap.example.com", "smtp.evil.test")) }, "smtp.evil.test", discovery.SettingsElsewhere},
		"SRV":        {"example.com", func(w *world) { w.srv["_imaps._tcp.example.com"] = record("imap.evil.test.", 993) }, "imap.evil.test", discovery.RecordsElsewhere},
		"a suffix that looks alike": {"example.com", func(w *world) {
			w.srv["_imaps._tcp.example.com"] = record("imap.evil-example.com.", 993)
		}, "imap.evil-example.com", discovery.RecordsElsewhere},
		"the same public suffix": {"example.co.uk", func(w *world) {
			w.srv["_imaps._tcp.example.co.uk"] = record("imap.evil.co.uk.", 993)
		}, "imap.evil.co.uk", discovery.RecordsElsewhere},
		"below a public suffix": {"github.io", func(w *world) { w.srv["_imaps._tcp.github.io"] = record("imap.github.io.", 993) }, "imap.github.io", discovery.RecordsElsewhere},
		"https that leads away": {"example.com", func(w *world) {
			w.site("https://autoconfig.example.com", moved("https://evil.test/file"))
			w.settings("https://evil.test/file", autoconfig("imap.evil.test", "smtp.evil.test"))
		}, "imap.evil.test", discovery.SettingsElsewhere},
		"http that leads to https": {"example.com", func(w *world) {
			w.site("http://autoconfig.example.com", moved("https://evil.test/file"))
			w.settings("https://evil.test/file", autoconfig("imap.example.com", "smtp.example.com"))
		}, "unencrypted", discovery.Unencrypted},
		"Exchange": {"example.com", func(w *world) {
			w.site("https://example.com", moved("https://mail.evil.test/autodiscover/autodiscover.xml"))
			w.site("https://mail.evil.test", exchange)
		}, "mail.evil.test", discovery.ExchangeOther},
		"Exchange by SRV": {"example.com", func(w *world) {
			w.srv["_autodiscover._tcp.example.com"] = record("mail.evil.test.", 443)
			w.site("https://mail.evil.test", exchange)
		}, "mail.evil.test", discovery.ExchangeOther},
		"Exchange by http": {"example.com", func(w *world) {
			w.site("http://autodiscover.example.com", moved("https://mail.example.com/autodiscover/autodiscover.xml"))
			w.site("https://mail.example.com", exchange)
		}, "mail.example.com", discovery.ExchangeOther},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in(t, func(w *world) {
				test.set(w)
				for _, host := range []string{"imap.evil.test", "imap.evil-example.com", "imap.evil.co.uk", "imap.github.io"} {
					w.greets(host + ":993")
				}
				if name != "Exchange by http" {
					w.mail["imap.example.com:993"] = name == "sending" || name == "http that leads to https"
				}
				w.greets("smtp.evil.test:465", "smtp.example.com:465")
				found := w.find(test.domain)
				if found.Trust != test.trust || !strings.Contains(found.Unsure, test.host) {
					t.Errorf("%+v", found)
				}
			})
		})
	}
}

// Below a public suffix, autoconfig.github.io and its like are anybody's.
func TestStrangersHaveNoSayInAPublicSuffix(t *testing.T) {
	t.Parallel()
	in(t, func(w *world) {
		w.settings("https://autoconfig.github.io/mail/config-v1.1.xml", autoconfig("github.io", "github.io"))
		w.site("https://autodiscover.github.io", exchange)
		w.greets("github.io:993", "github.io:465", "imap.github.io:993", "mail.github.io:993")
		if found := w.find("github.io"); found.Trust != discovery.Nothing {
			t.Errorf("%+v", found)
		}
		for _, line := range w.asked() {
			if strings.Contains(line, "auto") && !strings.Contains(line, "_autodiscover._tcp") || strings.Contains(line, "mail.github.io") {
				t.Errorf("asked %q", line)
			}
		}
	})
}

// The domain leaves, and nothing else: these are all questions of a search.
func TestTheDomainAloneLeaves(t *testing.T) {
	t.Parallel()
	in(t, func(w *world) {
		w.directory = "https://ispdb.test/v1.1/"
		nothing := func(out http.ResponseWriter, r *http.Request) { http.NotFound(out, r) }
		w.mx["example.com"] = []string{"mx.hoster.test."}
		for _, origin := range []string{"https://example.com", "https://autoconfig.example.com", "http://autoconfig.example.com", "https://ispdb.test", "https://autoconfig.hoster.test", "https://autodiscover.example.com", "http://autodiscover.example.com"} {
			w.site(origin, nothing)
		}
		w.find("Example.COM")
		want := []string{
			"A ispdb.test", "A example.com", "A autoconfig.example.com", "A autodiscover.example.com", "A autoconfig.hoster.test", "MX example.com.",
			"SRV _imaps._tcp.example.com.", "SRV _imap._tcp.example.com.", "SRV _submissions._tcp.example.com.", "SRV _submission._tcp.example.com.", "SRV _autodiscover._tcp.example.com.",
			"GET https://autoconfig.example.com/mail/config-v1.1.xml", "GET http://autoconfig.example.com/mail/config-v1.1.xml",
			"GET https://example.com/.well-known/autoconfig/mail/config-v1.1.xml", "GET https://ispdb.test/v1.1/example.com",
			"GET https://autoconfig.hoster.test/mail/config-v1.1.xml", "POST https://example.com/autodiscover/autodiscover.xml",
			"POST https://autodiscover.example.com/autodiscover/autodiscover.xml", "GET http://autodiscover.example.com/autodiscover/autodiscover.xml",
			"imap.example.com:993", "imap.example.com:143", "mail.example.com:993", "mail.example.com:143",
			"smtp.example.com:465", "smtp.example.com:587", "mail.example.com:465", "mail.example.com:587",
		}
		left := map[string]bool{}
		for _, line := range want {
			left[line] = true
		}
		asked := map[string]bool{}
		for _, line := range w.asked() {
			if asked[line] = true; !left[line] {
				t.Errorf("asked %q", line)
			}
		}
		for _, line := range want {
			if strings.Contains(line, " ") && !asked[line] { // guesses end with the first that tells
				t.Errorf("did not ask %q", line)
			}
		}
	})
}

func TestNoDirectoryUnlessItIsAllowed(t *testing.T) {
	t.Parallel()
	in(t, func(w *world) {
		w.find("example.com")
		for _, line := range w.asked() {
			if strings.Contains(line, "thunderbird") || strings.Contains(line, "ispdb") {
				t.Errorf("asked %q", line)
			}
		}
	})
}

func TestDomainsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, domain := range []string{
		"", ".", "localhost", "example", "127.0.0.1", "[::1]", "::1", "0x7f.1", "1.2.3", "a..example.com", ".example.com", "example.com..", "ada@example.com", "example.com/x", "example.com:443",
		"exa mple.com", "example.com\r\nHost: evil.test", "example.com\x00", "%EMAILDOMAIN%", strings.Repeat("a.", 4096) + "com", strings.Repeat("a", 8192), strings.Repeat("a", 64) + ".com", "\xff.com",
	} {
		in(t, func(w *world) {
			for _, search := range []func() (discovery.Found, error){
				func() (discovery.Found, error) { return w.discovery().Mail(w.t.Context(), domain) },
				func() (discovery.Found, error) { return w.discovery().Exchange(w.t.Context(), domain) },
			} {
				if found, err := search(); err == nil || found.Trust != discovery.Nothing || len(w.asked()) > 0 {
					t.Errorf("%q: %+v, %v, asked %q", domain, found, err, w.asked())
				}
			}
		})
	}
}

func TestDomainsInOtherWritings(t *testing.T) {
	t.Parallel()
	for written, name := range map[string]string{"BÜCHER.example": "xn--bcher-kva.example", "example.com.": "example.com", " Example.COM ": "example.com"} {
		in(t, func(w *world) {
			w.srv["_imaps._tcp."+name] = record("imap."+name+".", 993)
			w.greets("imap." + name + ":993")
			if found := w.find(written); found.Trust != discovery.Records {
				t.Errorf("%q: %+v", written, found)
			}
		})
	}
}

// A settings file may name somebody's OAuth: that is where the person goes.
func TestServersOfAServiceLeadToIt(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]account.ServiceType{
		"imap.gmail.com": account.Google, "outlook.office365.com": account.Office365, "imappro.zoho.eu": account.Zoho,
		"imap.gmail.com.evil.test": "", "notgmail.com": "",
	} {
		in(t, func(w *world) {
			w.settings(ownFile, `<clientConfig><emailProvider>`+server("incomingServer", "imap", host, "993", "SSL", "OAuth2")+`</emailProvider></clientConfig>`)
			if found := w.find("example.com"); found.Service != want {
				t.Errorf("%s: %+v", host, found)
			}
		})
		in(t, func(w *world) {
			w.srv["_imaps._tcp.example.com"] = record(host+".", 993)
			if found := w.find("example.com"); found.Service != want {
				t.Errorf("%s by SRV: %+v", host, found)
			}
		})
	}
}
