package ews_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/secret"
)

func TestSignInByEveryWayAndName(t *testing.T) {
	t.Parallel()
	for name, offers := range map[string][]string{
		"all": nil, "NTLM": {"NTLM"}, "Negotiate": {"Negotiate"}, "Basic": {"Basic"}, "Negotiate and Basic": {"Negotiate", "Basic"},
	} {
		for as, username := range map[string]string{"address": "", "DOMAIN": `SANDBOX\ada`, "UPN": "ada@corp.sandbox.test"} {
			t.Run(name+" as "+as, func(t *testing.T) {
				t.Parallel()
				w := setup(t)
				w.offers(offers...)
				form := w.form()
				form.Values["username"] = username
				login, identity, err := w.signIn(form)
				if err != nil {
					t.Fatal(err)
				}
				w.logins(1)
				if w.box.ExchangeWrong("ada") != 0 {
					t.Error("a wrong password was counted")
				}
				want := []provider.Server{{Protocol: "ews", Host: exchange, Port: 443, Security: provider.SecurityTLS, Path: "/EWS/Exchange.asmx"}}
				if diff := cmp.Diff(want, login.Servers); diff != "" {
					t.Error(diff)
				}
				subject := map[string]string{
					"address": "ews://ada%40sandbox.test@", "DOMAIN": "ews://sandbox%5Cada@", "UPN": "ews://ada%40corp.sandbox.test@",
				}[as] + exchange
				if diff := cmp.Diff(account.Identity{Subject: subject, Email: "ada@sandbox.test"}, identity); diff != "" {
					t.Error(diff)
				}
				if err := w.provider().Verify(t.Context(), account.Registration{}, login); err != nil {
					t.Errorf("the login that was just proven does not verify: %v", err)
				}
				w.logins(2)
			})
		}
	}
}

// A login that names the certificate of its connection passes where that is wanted.
func TestExtendedProtection(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{"NTLM", "Negotiate"} {
		w := setup(t)
		if err := w.box.SetExchange(sandbox.ExchangeSettings{Offers: []string{mechanism}, ChannelBinding: true}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.signIn(w.form()); err != nil {
			t.Errorf("%s: %v", mechanism, err)
		}
	}
}

func TestARefusedPasswordIsTriedOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		offers []string
		server string
	}{
		"all":                   {nil, exchange},
		"NTLM":                  {[]string{"NTLM"}, exchange},
		"Negotiate, then Basic": {[]string{"Negotiate", "Basic"}, exchange},
		"Basic":                 {[]string{"Basic"}, exchange},
		"by autodiscover":       {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.offers(test.offers...)
			form := w.form()
			form.Values["serverUrl"], form.Password = test.server, secret.New("wrong")
			if refused := w.refused(form, provider.CodeLoginRefused, "password"); refused.Class != provider.Dead {
				t.Errorf("class %s", refused.Class)
			}
			w.logins(1)
			if wrong := w.box.ExchangeWrong("ada"); wrong != 1 {
				t.Errorf("the directory counts %d wrong passwords", wrong)
			}
		})
	}
}

func TestWhatTheServerSaysOfAnAccount(t *testing.T) {
	t.Parallel()
	for tag, test := range map[string]struct {
		code, field string
		class       provider.Class
	}{
		"disabled":  {provider.CodeLoginDisabled, "", provider.User},
		"expired":   {provider.CodeLoginRefused, "password", provider.Dead}, // Windows tells
		"locked":    {provider.CodeLoginRefused, "password", provider.Dead}, // neither apart
		"nomailbox": {provider.CodeLoginDisabled, "username", provider.User},
		"busy":      {provider.CodeServerBusy, "", provider.Later},
	} {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			form := w.form()
			form.Values["username"] = "ada+" + tag + "@sandbox.test"
			refused := w.refused(form, test.code, test.field)
			if refused.Class != test.class {
				t.Errorf("class %s, want %s", refused.Class, test.class)
			}
			if tag == "busy" && refused.RetryAfter <= 0 {
				t.Error("the time that the server names is lost")
			}
			w.logins(1)
		})
	}
}

// The address is the person's own where its domain's autodiscover leads to the server,
// and the server shows one inbox for the login and for the address.
func TestWhoseAddressItIs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		email, server string
		want          bool
	}{
		"found for the domain":          {"ada@sandbox.test", "", true},
		"the domain's autodiscover":     {"ada@sandbox.test", autodiscover, true},
		"a server that somebody typed":  {"ada@sandbox.test", exchange, false},
		"somebody else's":               {"bob@sandbox.test", autodiscover, false},
		"an address of another company": {"ada@other.test", autodiscover, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			form := w.form()
			form.Values["email"], form.Values["username"], form.Values["serverUrl"] = test.email, `SANDBOX\ada`, test.server
			_, identity, err := w.signIn(form)
			if test.email == "ada@other.test" { // autodiscover knows no such mailbox
				if err == nil || identity.EmailVerified {
					t.Errorf("%+v, %v", identity, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if identity.EmailVerified != test.want || identity.Email != test.email {
				t.Errorf("%+v, want verified %v", identity, test.want)
			}
		})
	}
}

// On the web server of a domain, others may have pages of their own. What answers there
// proves no address, and whoever it lets in is nobody that the Exchange knows.
func TestAPathOfOnesOwnIsNotTheServers(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.serve("sandbox.test", func(rw http.ResponseWriter, r *http.Request) {
		if _, _, ok := r.BasicAuth(); !ok {
			rw.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		folder := `<GetFolderResponseMessage><ResponseCode>NoError</ResponseCode><Folders><Folder><FolderId Id="x"/></Folder></Folders></GetFolderResponseMessage>`
		_, _ = io.WriteString(rw, `<Envelope><Body><GetFolderResponse><ResponseMessages>`+folder+folder+`</ResponseMessages></GetFolderResponse></Body></Envelope>`)
	})
	who := map[string]account.Identity{}
	for _, path := range []string{"/EWS/Exchange.asmx", "/ews/exchange.asmx", "/~eve/EWS/Exchange.asmx"} {
		form := w.form()
		form.Values["serverUrl"] = "https://sandbox.test" + path
		_, identity, err := w.signIn(form)
		if err != nil {
			t.Fatal(path, err)
		}
		who[path] = identity
	}
	real, same, eves := who["/EWS/Exchange.asmx"], who["/ews/exchange.asmx"], who["/~eve/EWS/Exchange.asmx"]
	if !real.EmailVerified || same != real {
		t.Errorf("the domain's own server says %+v, and %+v", real, same)
	}
	if eves.EmailVerified || eves.Subject == real.Subject {
		t.Errorf("Eve's page says %+v, and the server %+v", eves, real)
	}
}
