package discovery_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/discovery"
)

// places are all the ways in which example.com can be found, by how much they are
// trusted, the best first.
func places() []struct {
	trust discovery.Trust
	set   func(*world)
	// want is the service or the host of the server for reading, unsure a word of why.
	want, unsure string
} {
	return []struct {
		trust        discovery.Trust
		set          func(*world)
		want, unsure string
	}{
		{discovery.Exchanger, func(w *world) { w.mx["example.com"] = []string{"alt1.aspmx.l.google.com."} }, "Google", ""},
		{discovery.Settings, func(w *world) {
			w.settings("https://autoconfig.example.com/mail/config-v1.1.xml", autoconfig("imap1.example.com", "smtp1.example.com"))
			w.greets("imap1.example.com:993", "smtp1.example.com:465")
		}, "imap1.example.com", ""},
		{discovery.Directory, func(w *world) {
			w.directory = "https://ispdb.test/v1.1/"
			w.settings("https://ispdb.test/v1.1/example.com", autoconfig("imap2.example.com", "smtp2.example.com"))
			w.greets("imap2.example.com:993", "smtp2.example.com:465")
		}, "imap2.example.com", ""},
		{discovery.Records, func(w *world) {
			w.srv["_imaps._tcp.example.com"] = record("imap3.example.com.", 993)
			w.greets("imap3.example.com:993")
		}, "imap3.example.com", ""},
		{discovery.Online, func(w *world) {
			w.site("http://autodiscover.example.com", moved("https://autodiscover-s.outlook.com/autodiscover/autodiscover.xml"))
		}, "Office365", ""},
		{discovery.SettingsElsewhere, func(w *world) {
			w.settings("https://example.com/.well-known/autoconfig/mail/config-v1.1.xml", autoconfig("imap4.hoster.test", "smtp4.hoster.test"))
			w.greets("imap4.hoster.test:993", "smtp4.hoster.test:465")
		}, "imap4.hoster.test", "does not belong to"},
		{discovery.Unencrypted, func(w *world) {
			w.settings("http://autoconfig.example.com/mail/config-v1.1.xml", autoconfig("imap5.example.com", "smtp5.example.com"))
			w.greets("imap5.example.com:993", "smtp5.example.com:465")
		}, "imap5.example.com", "unencrypted"},
		{discovery.MailHoster, func(w *world) {
			w.mx["example.com"] = append(w.mx["example.com"], "mx.hoster.test.")
			w.settings("https://autoconfig.hoster.test/mail/config-v1.1.xml", autoconfig("imap.%EMAILDOMAIN%", "smtp.%EMAILDOMAIN%"))
			w.greets("imap.example.com:993", "smtp.example.com:465")
		}, "imap.example.com", "come from hoster.test"},
		{discovery.ExchangeOwn, func(w *world) { w.site("https://autodiscover.example.com", exchange) }, "EWS", ""},
		{discovery.Guess, func(w *world) { w.greets("mail.example.com:993", "mail.example.com:587") }, "mail.example.com", "guess"},
	}
}

// Each place alone is found; with all below it, it still wins, whoever is the quickest.
func TestTheMostTrustedAnswerWins(t *testing.T) {
	t.Parallel()
	all := places()
	for i, place := range all {
		for others := range 2 {
			t.Run(place.want, func(t *testing.T) {
				t.Parallel()
				in(t, func(w *world) {
					place.set(w)
					if others == 1 {
						for _, lesser := range all[i+1:] {
							// two sites of one name would be one
							if !strings.HasPrefix(place.want, "Office365") || lesser.trust != discovery.Unencrypted {
								lesser.set(w)
							}
						}
					}
					found := w.find("example.com")
					got := string(found.Service)
					if got == "" && len(found.Servers) > 0 {
						got = found.Servers[0].Host
					}
					if got != place.want || found.Trust != place.trust || found.Source == "" ||
						!strings.Contains(found.Unsure, place.unsure) || (found.Unsure == "") != (place.unsure == "") {
						t.Errorf("found %q: %+v", got, found)
					}
				})
			})
		}
	}
}

func TestTheListNeedsNoCall(t *testing.T) {
	t.Parallel()
	for domain, want := range map[string]account.ServiceType{
		"gmail.com": account.Google, "GoogleMail.com.": account.Google, "hotmail.co.uk": account.Office365, "msn.com": account.Office365,
		"contoso.onmicrosoft.com": account.Office365, "zohomail.eu": account.Zoho, "fastmail.com": "",
	} {
		in(t, func(w *world) {
			found := w.find(domain)
			if found.Service != want || found.Trust != discovery.Known || found.Unsure != "" || (want == "") != (len(found.Servers) == 2) {
				t.Errorf("%s: %+v", domain, found)
			}
			if asked := w.asked(); len(asked) > 0 {
				t.Errorf("%s: asked %q", domain, asked)
			}
		})
	}
}

func TestMailExchangers(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"aspmx.l.google.com.": "Google", "ASPMX3.GoogleMail.com.": "Google", "smtp.google.com.": "Google",
		"example-com.mail.protection.outlook.com.": "Office365", "example-com.k-v1.mx.microsoft.": "Office365",
		"mx.zoho.eu.": "Zoho", "mx2.zoho.com.au.": "Zoho", "in1-smtp.messagingengine.com.": "imap.fastmail.com", "mx01.mail.icloud.com.": "imap.mail.me.com",
		"notaspmx.l.google.com.": "", "evil-googlemail.com.": "", "aspmx.l.google.com.evil.test.": "", "mail.protection.outlook.com.evil.test.": "",
		"mxmicrosoft.": "", "mx.zoho.evil.test.": "", "protection.outlook.com.": "", ".": "", "127.0.0.1.": "",
	} {
		in(t, func(w *world) {
			w.mx["example.com"] = []string{host}
			found := w.find("example.com")
			got := string(found.Service)
			if got == "" && len(found.Servers) > 0 {
				got = found.Servers[0].Host
			}
			if got != want || (want != "" && found.Unsure != "") {
				t.Errorf("%s: %q, want %q: %+v", host, got, want, found)
			}
		})
	}
}

// The preferred exchanger says it, also where others stand behind it.
func TestTheFirstExchangerThatIsKnown(t *testing.T) {
	t.Parallel()
	in(t, func(w *world) {
		w.mx["example.com"] = []string{"filter.test.", "mx.zoho.in.", "aspmx.l.google.com."}
		if found := w.find("example.com"); found.Service != account.Zoho {
			t.Errorf("%+v", found)
		}
	})
}

func TestServiceRecords(t *testing.T) {
	t.Parallel()
	imaps := provider.Server{Protocol: "imap", Host: "a.example.com", Port: 1993, Security: provider.SecurityTLS}
	imap := provider.Server{Protocol: "imap", Host: "a.example.com", Port: 143, Security: provider.SecuritySTARTTLS}
	submission := provider.Server{Protocol: "smtp", Host: "b.example.com", Port: 587, Security: provider.SecuritySTARTTLS}
	for name, test := range map[string]struct {
		set  func(*world)
		want []provider.Server
	}{
		"TLS is better": {func(w *world) {
			w.srv["_imaps._tcp.example.com"], w.srv["_imap._tcp.example.com"] = record("a.example.com.", 1993), record("a.example.com.", 143)
			w.greets("a.example.com:1993", "a.example.com:143")
		}, []provider.Server{imaps}},
		"TLS that does not answer": {func(w *world) {
			w.srv["_imaps._tcp.example.com"], w.srv["_imap._tcp.example.com"] = record("a.example.com.", 1993), record("a.example.com.", 143)
			w.greets("a.example.com:143")
		}, []provider.Server{imap}},
		"TLS is not offered": {func(w *world) {
			w.srv["_imaps._tcp.example.com"], w.srv["_imap._tcp.example.com"] = record(".", 0), record("a.example.com.", 143)
			w.greets("a.example.com:143")
		}, []provider.Server{imap}},
		"with one for sending": {func(w *world) {
			w.srv["_imaps._tcp.example.com"], w.srv["_submission._tcp.example.com"] = record("a.example.com.", 1993), record("b.example.com.", 587)
			w.greets("a.example.com:1993", "b.example.com:587")
		}, []provider.Server{imaps, submission}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in(t, func(w *world) {
				test.set(w)
				found := w.find("example.com")
				if diff := cmp.Diff(test.want, found.Servers); diff != "" || found.Trust != discovery.Records {
					t.Errorf("trust %v\n%s", found.Trust, diff)
				}
			})
		})
	}
}

// A place that is silent holds a good answer up only where its own would be better.
func TestSilenceIsNotWaitedForInVain(t *testing.T) {
	t.Parallel()
	in(t, func(w *world) {
		w.slow = true
		w.mx["example.com"] = []string{"aspmx.l.google.com."}
		start := time.Now()
		if found := w.find("example.com"); found.Service != account.Google || time.Since(start) != 0 {
			t.Errorf("after %v %+v", time.Since(start), found)
		}
		synctest.Wait()
		if n := w.waiting.Load(); n != 0 {
			t.Errorf("%d calls go on behind the answer", n)
		}
	})
	// One that is as good is not waited for.
	in(t, func(w *world) {
		w.mx["example.com"] = []string{"mx.example.com."}
		w.settings("https://example.com/.well-known/autoconfig/mail/config-v1.1.xml", autoconfig("imap.example.com", "smtp.example.com"))
		w.site("https://autoconfig.example.com", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		w.greets("imap.example.com:993", "smtp.example.com:465")
		start := time.Now()
		if found := w.find("example.com"); found.Trust != discovery.Settings || time.Since(start) != 0 {
			t.Errorf("after %v %+v", time.Since(start), found)
		}
	})
	in(t, func(w *world) {
		w.slow = true
		w.greets("imap.example.com:993")
		start := time.Now()
		found := w.find("example.com")
		if took := time.Since(start); found.Trust != discovery.Guess || took < time.Second || took > provider.FindTimeout {
			t.Errorf("after %v %+v", took, found)
		}
	})
}

func TestTheSearchEndsInTime(t *testing.T) {
	t.Parallel()
	in(t, func(w *world) {
		w.slow = true
		start := time.Now()
		if found := w.find("example.com"); found.Trust != discovery.Nothing || time.Since(start) >= provider.FindTimeout || len(found.Tried) == 0 {
			t.Errorf("after %v %+v", time.Since(start), found)
		}
	})
	// Even where somebody does not obey the context.
	in(t, func(w *world) {
		w.site("https://example.com", func(http.ResponseWriter, *http.Request) {})
		w.mx["example.com"] = []string{"mx.example.com."}
		start := time.Now()
		found, err := discovery.Stubborn(w.discovery(), time.Hour).Mail(w.t.Context(), "example.com")
		if err != nil || found.Trust != discovery.Nothing || time.Since(start) != provider.FindTimeout {
			t.Errorf("after %v %+v, %v", time.Since(start), found, err)
		}
		time.Sleep(time.Hour) // they end
	})
}

// A redirect may write a host in any way. It is judged, and shown, in one.
func TestRedirectedHostsHaveOneSpelling(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]discovery.Found{
		"https://Autodiscover-S.OUTLOOK.com/x":    {Trust: discovery.Online, Service: account.Office365},
		"https://MAIL.Example.com:443/x":          {Trust: discovery.ExchangeOwn, Service: account.EWS},
		"https://ma\u0456l.example.com.evil.test": {Trust: discovery.ExchangeOther, Service: account.EWS, Unsure: "xn--mal-khd.example.com.evil.test does not belong to example.com, the domain of the address."},
	} {
		in(t, func(w *world) {
			w.site("https://example.com", moved(to))
			for _, host := range []string{"mail.example.com", "xn--mal-khd.example.com.evil.test"} {
				w.site("https://"+host, func(out http.ResponseWriter, _ *http.Request) {
					out.Header().Set("WWW-Authenticate", "NTLM")
					out.WriteHeader(http.StatusUnauthorized)
				})
			}
			found := w.find("example.com")
			if found.Trust != want.Trust || found.Service != want.Service || found.Unsure != want.Unsure {
				t.Errorf("%s: %+v", to, found)
			}
		})
	}
}
