package ews_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/secret"
)

// No password leaves where the way to the server is not what it should be.
func TestTheWayToTheServer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change      func(*world, map[string]string)
		code, field string
	}{
		"no such host":              {func(_ *world, v map[string]string) { v["serverUrl"] = "nowhere.test" }, provider.CodeServerUnknown, "serverUrl"},
		"nobody there":              {func(w *world, _ map[string]string) { _ = w.exchange.Close() }, provider.CodeServerUnreachable, "serverUrl"},
		"a port of another service": {func(_ *world, v map[string]string) { v["serverUrl"] = exchange + ":22" }, provider.CodeFieldInvalid, "serverUrl"},
		"an address nobody allowed": {func(_ *world, v map[string]string) { v["serverUrl"] = "127.0.0.1" }, provider.CodeServerUnreachable, "serverUrl"},
		"another name": {func(w *world, v map[string]string) {
			w.names["exchange.other.test"], v["serverUrl"] = w.exchange.TLS, "exchange.other.test"
		}, provider.CodeServerCertificate, "serverUrl"},
		"an unknown authority": {func(w *world, _ map[string]string) { w.typed.Roots = x509.NewCertPool() }, provider.CodeServerCertificate, ""},
		"an old certificate": {func(w *world, _ map[string]string) {
			w.typed.Now = func() time.Time { return time.Now().AddDate(3, 0, 0) }
		}, provider.CodeServerCertificate, ""},
		"no TLS":            {func(w *world, _ map[string]string) { w.names[exchange] = w.exchange.HTTP }, provider.CodeServerTLS, "serverUrl"},
		"no Exchange found": {func(_ *world, v map[string]string) { v["email"], v["serverUrl"] = "ada@nothing.test", "" }, provider.CodeServerUnknown, "serverUrl"},
		"no web services":   {func(_ *world, v map[string]string) { v["serverUrl"] = exchange + "/other/Exchange.asmx" }, provider.CodeServerProtocol, "serverUrl"},
		"Exchange Online":   {func(_ *world, v map[string]string) { v["serverUrl"] = "outlook.office365.com" }, provider.CodeLoginUnsupported, "serverUrl"},
		"never an answer": {func(w *world, _ map[string]string) {
			w.typed.Stream = 200 * time.Millisecond
			w.fault(sandbox.Fault{Endpoint: "ewsFront", Kind: "hang"})
		}, provider.CodeServerTimeout, "serverUrl"},
		"no login offered that we have": {func(w *world, _ map[string]string) {
			w.serve(exchange, func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("WWW-Authenticate", `Bearer realm="x", Digest nonce="y"`)
				rw.WriteHeader(http.StatusUnauthorized)
			})
		}, provider.CodeLoginUnsupported, ""},
		"no login wanted": {func(w *world, _ map[string]string) {
			w.serve(exchange, func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "Welcome") })
		}, provider.CodeServerProtocol, "serverUrl"},
		"closed before the login": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "ewsFront", Kind: "status", Status: 403})
		}, provider.CodeServerProtocol, "serverUrl"},
		"busy before the login": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "ewsFront", Kind: "status", Status: 503})
		}, provider.CodeServerBusy, ""},
		"unencrypted redirect": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "ewsFront", Kind: "redirect", Location: "http://" + exchange + "/EWS/Exchange.asmx"})
		}, provider.CodeServerTLS, "serverUrl"},
		"a redirect in a circle": {func(w *world, _ map[string]string) {
			w.fault(sandbox.Fault{Endpoint: "ewsFront", Kind: "redirect"})
		}, provider.CodeServerProtocol, "serverUrl"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			form := w.form()
			test.change(w, form.Values)
			w.refused(form, test.code, test.field)
			w.logins(0)
		})
	}
}

// serve puts another web server behind names, with a certificate that is believed.
func (w *world) serve(host string, h http.HandlerFunc, also ...string) {
	w.t.Helper()
	hosts := append(also, host)
	own, root := certificate(w.t, hosts...)
	w.typed.Roots.AddCert(root)
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{own}}
	s.StartTLS()
	w.t.Cleanup(s.Close)
	for _, host := range hosts {
		w.names[host] = s.Listener.Addr().String()
	}
}

func TestSomethingElseAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		says string
		code string
	}{
		"IMAP":                {"* OK ready\r\n", provider.CodeServerProtocol},
		"headers without end": {"HTTP/1.1 401 No\r\nA: " + strings.Repeat("a", 1<<20), provider.CodeServerProtocol},
		"nothing":             {"", provider.CodeServerUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			own, root := certificate(t, exchange)
			w.typed.Roots.AddCert(root)
			l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{own}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					_, _ = c.Read(make([]byte, 1)) // what comes before the question may also look like a connection that ended
					_, _ = io.WriteString(c, test.says)
					_ = c.Close()
				}
			}()
			w.names[exchange] = l.Addr().String()
			w.refused(w.form(), test.code, "serverUrl")
		})
	}
}

// What comes after the login is bounded and read as what it is, too, and the login is
// not tried again for it.
func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault sandbox.Fault
		code  string
	}{
		"10 MB":           {sandbox.Fault{Kind: "oversized"}, provider.CodeServerProtocol},
		"an XML bomb":     {sandbox.Fault{Kind: "bomb"}, provider.CodeServerProtocol},
		"an entity":       {sandbox.Fault{Kind: "entity"}, provider.CodeServerProtocol},
		"a web page":      {sandbox.Fault{Kind: "html"}, provider.CodeServerProtocol},
		"nothing":         {sandbox.Fault{Kind: "empty"}, provider.CodeServerProtocol},
		"JSON":            {sandbox.Fault{Kind: "malformed"}, provider.CodeServerProtocol},
		"half an answer":  {sandbox.Fault{Kind: "cut"}, provider.CodeServerUnreachable},
		"throttled":       {sandbox.Fault{Kind: "status", Status: 457, RetryAfter: "7"}, provider.CodeServerBusy},
		"blocked":         {sandbox.Fault{Kind: "status", Status: 456}, provider.CodeServerBusy},
		"down":            {sandbox.Fault{Kind: "status", Status: 503}, provider.CodeServerBusy},
		"access denied":   {sandbox.Fault{Kind: "error", Error: "ErrorAccessDenied"}, provider.CodeLoginDisabled},
		"too busy":        {sandbox.Fault{Kind: "error", Error: "ErrorServerBusy", RetryAfter: "90"}, provider.CodeServerBusy},
		"a new password":  {sandbox.Fault{Kind: "error", Error: "ErrorPasswordExpired"}, provider.CodeLoginExpired},
		"account is off":  {sandbox.Fault{Kind: "error", Error: "ErrorAccountDisabled"}, provider.CodeLoginLocked},
		"an unknown code": {sandbox.Fault{Kind: "error", Error: "ErrorOfTheDay"}, provider.CodeServerProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			// The empty request that ends the handshake comes first.
			test.fault.Endpoint = "ews"
			w.offers("NTLM")
			w.fault(test.fault)
			_, _, err := w.signIn(w.form())
			var e *provider.Error
			if !errors.As(err, &e) || e.Code != test.code {
				t.Fatalf("%v, want %s", err, test.code)
			}
			if test.fault.Error == "ErrorServerBusy" && e.RetryAfter != 90*time.Second {
				t.Errorf("it waits %v", e.RetryAfter)
			}
			w.logins(1)
		})
	}
}

// A connection that ends within the handshake makes no wrong password of a right one.
func TestTheHandshakeStaysOnItsConnection(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.names[exchange] = hangUpAfter(t, w.exchange.TLS)
	w.offers("NTLM")
	w.refused(w.form(), provider.CodeServerUnreachable, "serverUrl")
	w.logins(0)
}

// hangUpAfter is a proxy whose connections take no second request after the challenge.
func hangUpAfter(t *testing.T, to string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go relay(c, to)
		}
	}()
	return l.Addr().String()
}

// relay passes two answers on, which TLS writes in a record each, and hangs up.
func relay(c net.Conn, to string) {
	defer func() { _ = c.Close() }()
	server, err := new(net.Dialer).DialContext(context.Background(), "tcp", to)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() { _, _ = io.Copy(server, c) }()
	seen := 0
	record := make([]byte, 5)
	for {
		if _, err := io.ReadFull(server, record); err != nil {
			return
		}
		body := make([]byte, int(record[3])<<8|int(record[4]))
		if _, err := io.ReadFull(server, body); err != nil {
			return
		}
		if _, err := c.Write(append(record[:5:5], body...)); err != nil {
			return
		}
		if record[0] == 23 && len(body) > 400 { // application data: an answer, not a ticket
			if seen++; seen == 2 {
				return
			}
		}
	}
}

func TestVerifyIsOneAttempt(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.offers("NTLM")
	login, _, err := w.signIn(w.form())
	if err != nil {
		t.Fatal(err)
	}
	w.fault(sandbox.Fault{Endpoint: "ewsFront", Kind: "redirect", Location: autodiscover})
	err = w.provider().Verify(t.Context(), account.Registration{}, login)
	var e *provider.Error
	if !errors.As(err, &e) || e.Code != provider.CodeServerProtocol {
		t.Errorf("a server that leads elsewhere: %v", err)
	}
	w.logins(1)
}

// An inbox in XML that no answer needs to be: elements in elements cost memory, and
// document types declare what can stand for files.
func TestAnswersThatAreTooClever(t *testing.T) {
	t.Parallel()
	const folder = `<GetFolderResponse><ResponseMessages><GetFolderResponseMessage><ResponseCode>NoError</ResponseCode><Folders><Folder><FolderId Id="x"/></Folder></Folders></GetFolderResponseMessage></ResponseMessages></GetFolderResponse>`
	for text, code := range map[string]string{
		"<Envelope><Body>" + folder + "</Body></Envelope>":                                                            "",
		"<Envelope><Body>" + strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100) + folder + "</Body></Envelope>": provider.CodeServerProtocol,
		`<!DOCTYPE Envelope SYSTEM "file:///etc/passwd"><Envelope><Body>` + folder + "</Body></Envelope>":             provider.CodeServerProtocol,
		`<?xml version="1.0" encoding="utf-7"?><Envelope><Body>` + folder + "</Body></Envelope>":                      provider.CodeServerProtocol,
		"<Envelope><Body>" + strings.Replace(folder, "NoError", "ErrorNonExistentMailbox", 1) + "</Body></Envelope>":  provider.CodeLoginDisabled,
		"<Envelope><Body>" + strings.Replace(folder, ` Id="x"`, "", 1) + "</Body></Envelope>":                         provider.CodeServerProtocol,
		"<Envelope><Body>" + folder + "</Body></Envelope><!-- " + strings.Repeat("x", 10<<20) + "-->":                 provider.CodeServerProtocol,
	} {
		w := setup(t)
		w.serve(exchange, func(rw http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "" {
				rw.Header().Set("WWW-Authenticate", "Basic")
				rw.WriteHeader(http.StatusUnauthorized)
				return
			}
			_, _ = io.WriteString(rw, text)
		})
		if _, _, err := w.signIn(w.form()); codeOf(err) != code || code == "" && err != nil {
			t.Errorf("%.200s: %v, want %q", text, err, code)
		}
	}
}

// Servers repeat what they were sent, in whatever form it came.
func TestAServerThatRepeatsThePassword(t *testing.T) {
	t.Parallel()
	const password = `hunter2"<hunter2>`
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusOK} {
		w := setup(t)
		w.serve(exchange, func(rw http.ResponseWriter, r *http.Request) {
			_, sent, ok := r.BasicAuth()
			if !ok {
				rw.Header().Set("WWW-Authenticate", "Basic")
				rw.WriteHeader(http.StatusUnauthorized)
				return
			}
			rw.WriteHeader(status)
			_, _ = fmt.Fprintf(rw, "<p>%s %s %s %q</p>", r.Header.Get("Authorization"), sent, html.EscapeString(sent), sent)
		})
		form := w.form()
		form.Password = secret.New(password)
		_, _, err := w.signIn(form)
		if words := fmt.Sprint(err); err == nil || strings.Contains(words, "hunter2") || strings.Contains(words, base64.StdEncoding.EncodeToString([]byte("ada@sandbox.test:"+password))) {
			t.Errorf("%d: the error holds the password: %s", status, words)
		}
	}
}
