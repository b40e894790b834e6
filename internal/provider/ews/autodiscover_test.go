package ews_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/sandbox"
)

func TestAutodiscover(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*world, map[string]string)
		want   string // the server in the end, "" for an error
		code   string
		way    provider.Way
	}{
		"by SOAP": {want: exchange},
		"by POX alone": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "autodiscoverFront", Kind: "status", Status: 404, Times: 1})
		}, exchange, "", provider.Way{}},
		"a typed address of it": {func(_ *world, v map[string]string) {
			v["serverUrl"] = "https://autodiscover.sandbox.test/Autodiscover/Autodiscover.xml"
		}, exchange, "", provider.Way{}},
		"another host of the domain": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "autodiscover", Kind: "names", Location: "https://mail.sandbox.test/EWS/Exchange.asmx"})
		}, "mail.sandbox.test", "", provider.Way{}},
		"another domain": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "autodiscover", Kind: "names", Location: "https://mail.attacker.test/EWS/Exchange.asmx"})
		}, "", provider.CodeServerUnconfirmed, provider.Way{
			Values: map[string]string{"serverUrl": "https://mail.attacker.test/EWS/Exchange.asmx"},
			Unsure: "autodiscover.sandbox.test names a server of another domain, mail.attacker.test.",
		}},
		"Exchange Online, by name": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "autodiscover", Kind: "names", Location: "https://outlook.office365.com/EWS/Exchange.asmx"})
		}, "", provider.CodeLoginUnsupported, provider.Way{Elsewhere: account.Office365}},
		"Exchange Online, by address": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "autodiscover", Kind: "refers", Location: "ada@sandbox.mail.onmicrosoft.com"})
		}, "", provider.CodeLoginUnsupported, provider.Way{Elsewhere: account.Office365}},
		"sent on once": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "autodiscover", Kind: "refers", Location: "https://" + exchange + "/autodiscover/autodiscover.xml", Times: 1})
		}, exchange, "", provider.Way{}},
		"sent on by HTTP": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "autodiscoverFront", Kind: "redirect", Location: "https://" + exchange + "/autodiscover/autodiscover.xml", Times: 1})
		}, exchange, "", provider.Way{}},
		"sent to another domain": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "autodiscover", Kind: "refers", Location: "https://hoster.test/autodiscover/autodiscover.xml"})
		}, "", provider.CodeServerUnconfirmed, provider.Way{
			Values: map[string]string{"serverUrl": "https://hoster.test/autodiscover/autodiscover.xml"},
			Unsure: "autodiscover.sandbox.test names a server of another domain, hoster.test.",
		}},
		"sent to an address of another domain": {func(w *world, _ map[string]string) {
			w.names["autodiscover.hoster.test"] = w.names[exchange]
			own := w.names[exchange]
			w.serve("autodiscover.hoster.test", func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("WWW-Authenticate", "NTLM")
				rw.WriteHeader(http.StatusUnauthorized)
			})
			w.names[exchange] = own
			w.fault(sandbox.Fault{Endpoint: "autodiscover", Kind: "refers", Location: "ada@hoster.test"})
		}, "", provider.CodeServerUnconfirmed, provider.Way{
			Values: map[string]string{"serverUrl": "https://autodiscover.hoster.test/autodiscover/autodiscover.xml", "email": "ada@hoster.test", "username": "ada@sandbox.test"},
			Unsure: "autodiscover.sandbox.test says that this mailbox is at another domain, hoster.test.",
		}},
		"in a circle": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "autodiscover", Kind: "refers"})
		}, "", provider.CodeServerProtocol, provider.Way{}},
		"to an unencrypted address": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "autodiscover", Kind: "names", Location: "http://" + exchange + "/EWS/Exchange.asmx"})
		}, "", provider.CodeServerTLS, provider.Way{}},
		"to nonsense": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "autodiscover", Kind: "names", Location: "file:///etc/passwd"})
		}, "", provider.CodeServerProtocol, provider.Way{}},
		"an XML bomb, twice": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "autodiscover", Kind: "bomb"})
		}, "", provider.CodeServerUnknown, provider.Way{}},
		"an entity": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "autodiscover", Kind: "entity"})
		}, "", provider.CodeServerUnknown, provider.Way{}},
		"10 MB": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "autodiscover", Kind: "oversized"})
		}, "", provider.CodeServerProtocol, provider.Way{}},
		"busy": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "autodiscover", Kind: "status", Status: 503, RetryAfter: "9"})
		}, "", provider.CodeServerBusy, provider.Way{}},
		"nobody of that address": {func(_ *world, v map[string]string) {
			v["email"], v["username"] = "nobody@sandbox.test", `SANDBOX\ada`
		}, "", provider.CodeLoginDisabled, provider.Way{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.offers("NTLM")
			form := w.form()
			form.Values["serverUrl"] = autodiscover // found before, so that faults are for the login
			if test.change != nil {
				test.change(w, form.Values)
			}
			if test.want == "" {
				field := map[string]string{provider.CodeServerBusy: "", provider.CodeLoginDisabled: "email"}
				want, special := field[test.code]
				if !special {
					want = "serverUrl"
				}
				refused := w.refused(form, test.code, want)
				if diff := cmp.Diff(test.way, refused.Way); diff != "" {
					t.Error(diff)
				}
			} else if login, _, err := w.signIn(form); err != nil || login.Servers[0].Host != test.want {
				t.Errorf("%+v, %v", login.Servers, err)
			}
			if w.box.ExchangeWrong("ada") > 0 {
				t.Error("a wrong password was counted")
			}
		})
	}
}

// A service that sends on and on, always to a new address, is left in the end.
func TestAutodiscoverEnds(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var calls atomic.Int64
	var hosts []string
	for i := range 40 {
		hosts = append(hosts, fmt.Sprintf("h%d.long.test", i))
	}
	w.serve("long.test", func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, fmt.Sprintf("https://h%d.long.test/autodiscover/", calls.Add(1)), http.StatusFound)
	}, hosts...)
	form := w.form()
	form.Values["email"], form.Values["serverUrl"] = "ada@long.test", "https://long.test/autodiscover/"
	w.refused(form, provider.CodeServerProtocol, "serverUrl")
	if n := calls.Load(); n != 11 {
		t.Errorf("%d calls", n)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*world)
		email  string
		typed  string
		want   provider.Way
		code   string
	}{
		"the domain's": {nil, "ada@sandbox.test", "", provider.Way{
			Values: map[string]string{"serverUrl": autodiscover}, Source: "the Autodiscover at autodiscover.sandbox.test",
		}, ""},
		"what was typed stays":    {nil, "ada@sandbox.test", "mail.sandbox.test", provider.Way{}, ""},
		"a tenant of Microsoft's": {nil, "ada@contoso.onmicrosoft.com", "", provider.Way{Elsewhere: account.Office365, Source: "the domain of the address"}, ""},
		"a domain that leads there": {func(w *world) {
			w.serve("autodiscover.contoso.test", func(rw http.ResponseWriter, r *http.Request) {
				http.Redirect(rw, r, "https://autodiscover-s.outlook.com/autodiscover/autodiscover.xml", http.StatusFound)
			})
		}, "ada@contoso.test", "", provider.Way{
			Elsewhere: account.Office365, Source: "the Autodiscover of contoso.test, which leads to autodiscover-s.outlook.com",
		}, ""},
		"a hoster's, by SRV": {func(w *world) {
			w.resolver["contoso.test"] = &net.SRV{Target: "autodiscover.sandbox.test.", Port: 443}
		}, "ada@contoso.test", "", provider.Way{
			Values: map[string]string{"serverUrl": autodiscover}, Source: "the Autodiscover at autodiscover.sandbox.test", Unsure: "*",
		}, ""},
		"nothing":    {nil, "ada@nothing.test", "", provider.Way{}, provider.CodeServerUnknown},
		"no address": {nil, "ada", "", provider.Way{}, provider.CodeFieldInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			if test.change != nil {
				test.change(w)
			}
			way, err := w.provider().Find(t.Context(), account.Registration{}, provider.Form{Values: map[string]string{"email": test.email, "serverUrl": test.typed}})
			if codeOf(err) != test.code {
				t.Errorf("%v, want %q", err, test.code)
			}
			if test.want.Unsure == "*" && way.Unsure != "" {
				test.want.Unsure = way.Unsure
			}
			if diff := cmp.Diff(test.want, way); diff != "" {
				t.Error(diff)
			}
			w.logins(0)
		})
	}
}

// A server is asked for the mailbox with everything in the address as text.
func TestAddressesAreText(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var heard atomic.Pointer[string]
	w.serve(exchange, func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			rw.Header().Set("WWW-Authenticate", "Basic")
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, _ := io.ReadAll(r.Body)
		text := string(body)
		heard.Store(&text)
	})
	form := w.form()
	form.Values["email"] = `"a&lt;é"@sandbox.test`
	_, _, _ = w.signIn(form)
	if text := heard.Load(); text == nil || !strings.Contains(*text, `<t:EmailAddress>&#34;a&amp;lt;é&#34;@sandbox.test</t:EmailAddress>`) {
		t.Error("the address is not what was typed")
	}
}
