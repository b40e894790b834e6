package e2e_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/testenv"
)

// What the tests of the standards face share.

// secureWorld is a world behind TLS, since no library of OAuth takes less unless told to.
type secureWorld struct {
	*world
	certificate string // PEM, for who is to trust it
	transport   *http.Transport
}

func startSecure(t *testing.T) secureWorld {
	t.Helper()
	w := idle(t)
	files := certFiles{filepath.Join(w.dir, "tls.crt"), filepath.Join(w.dir, "tls.key")}
	files.write(t, 1)
	w.serve(func(c *app.Config) { c.TLSCert, c.TLSKey = files.cert, files.key })
	w.register()
	certificate, err := os.ReadFile(files.cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return secureWorld{world: w, certificate: files.cert, transport: transport}
}

// visit lets a person open an address, sign in, and come back to the application.
func (s secureWorld) visit(address string) string {
	s.t.Helper()
	b := s.browser()
	b.client.Transport = s.transport
	return b.follow(b.get(address)).location()
}

// library is openid-client in a process of its own: e2e/counterparts/client.mjs.
type library struct {
	t          testing.TB
	in         io.Writer
	out        *bufio.Scanner
	complaints *lockedBuffer
}

func startLibrary(t *testing.T, trusted string) *library {
	t.Helper()
	node, script := testenv.OpenIDClient(t)
	cmd := exec.Command(node, script)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "NODE_EXTRA_CA_CERTS=" + trusted}
	l := &library{t: t, complaints: &lockedBuffer{}}
	cmd.Stderr = l.complaints
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // which ends it
		_, _ = io.Copy(io.Discard, stdout)
		if err := cmd.Wait(); err != nil {
			t.Errorf("openid-client ended with %v\n%s", err, l.complaints)
		}
	})
	l.in, l.out = stdin, bufio.NewScanner(stdout)
	return l
}

// refusal is how the library words an answer that is an error.
type refusal struct {
	Name, Code, Error, Description, Cause string
	Status                                int
}

// try gives the library a command; what it answers is read into answer, unless it
// refuses.
func (l *library) try(command string, fields map[string]any, answer any) *refusal {
	l.t.Helper()
	all := map[string]any{"command": command}
	maps.Copy(all, fields)
	line, err := json.Marshal(all)
	if err != nil {
		l.t.Fatal(err)
	}
	if _, err := l.in.Write(append(line, '\n')); err != nil {
		l.t.Fatal(err)
	}
	if !l.out.Scan() {
		l.t.Fatalf("openid-client says nothing\n%s", l.complaints)
	}
	var read struct {
		Answer  json.RawMessage
		Refused *refusal
	}
	if err := json.Unmarshal(l.out.Bytes(), &read); err != nil {
		l.t.Fatalf("%s: %v", l.out.Bytes(), err)
	}
	if read.Refused == nil && answer != nil {
		if err := json.Unmarshal(read.Answer, answer); err != nil {
			l.t.Fatalf("%s: %v", read.Answer, err)
		}
	}
	return read.Refused
}

// do is try where nothing may be refused.
func (l *library) do(command string, fields map[string]any, answer any) {
	l.t.Helper()
	if refused := l.try(command, fields, answer); refused != nil {
		l.t.Fatalf("openid-client, asked to %s: %+v", command, *refused)
	}
}

// standardly are the parameters of a plain request to /oauth/authorize, with changes
// laid over them.
func (w *world) standardly(changes url.Values) url.Values {
	q := url.Values{
		"client_id": {w.client.ClientID}, "response_type": {"code"}, "redirect_uri": {returnURL}, "scope": {"Mail.Read"},
		"service_type": {"Google"}, "state": {"app-state"}, "login_hint": {ada},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	}
	for name, values := range changes {
		if values == nil {
			q.Del(name)
			continue
		}
		q[name] = values
	}
	return q
}

// opens goes to /oauth/authorize.
func (b *browser) opens(changes url.Values, headers ...string) answer {
	b.w.t.Helper()
	return b.get(b.w.url+"/oauth/authorize?"+b.w.standardly(changes).Encode(), headers...)
}

// standardCode runs the flow up to the code.
func (w *world) standardCode(changes url.Values) string {
	w.t.Helper()
	b := w.browser()
	result := b.follow(b.opens(changes)).result(w.t)
	if !result.Has("code") {
		w.t.Fatalf("the sign-in ended with %v", result)
	}
	return result.Get("code")
}

// form sends a program's request to the standards face, by HTTP Basic where the
// application has a secret, else by its id alone; changes are laid over it.
func (w *world) form(path string, changes url.Values, headers ...string) answer {
	w.t.Helper()
	form := url.Values{}
	if w.client.Settings.Public {
		form.Set("client_id", w.client.ClientID)
	} else {
		headers = append([]string{"Authorization", basic(w.client.ClientID, w.password)}, headers...)
	}
	maps.Copy(form, changes)
	return w.call(http.MethodPost, path, strings.NewReader(form.Encode()), append(headers, "Content-Type", urlencoded)...)
}

// exchange redeems a code at /oauth/token.
func (w *world) exchange(code string, changes url.Values, headers ...string) answer {
	w.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {returnURL}, "code_verifier": {verifier}}
	for name, values := range changes {
		if values == nil {
			form.Del(name)
			continue
		}
		form[name] = values
	}
	return w.form("/oauth/token", form, headers...)
}

// standardToken runs the whole flow.
func (w *world) standardToken() string {
	w.t.Helper()
	return wantToken(w.t, w.exchange(w.standardCode(nil), nil))
}

func wantToken(t testing.TB, a answer) string {
	t.Helper()
	var got struct {
		AccessToken string `json:"access_token"`
		AccountID   int64  `json:"account_id"`
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != http.StatusOK || got.AccessToken == "" || got.AccountID == 0 {
		t.Fatalf("no token: %d %s", a.status, a.body)
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Pragma") != "no-cache" {
		t.Errorf("the token may be cached: %v", a.header)
	}
	return got.AccessToken
}

// wantOAuthError checks an error of RFC 6749 §5.2, whose description begins with our code.
func wantOAuthError(t testing.TB, a answer, status int, wanted, code string) {
	t.Helper()
	var got map[string]string
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != status || got["error"] != wanted ||
		!strings.HasPrefix(got["error_description"], code+": ") || len(got) != 2 {
		t.Errorf("answered %d %s, want %d %s for %s", a.status, a.body, status, wanted, code)
	}
	if a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the error may be cached: %v", a.header)
	}
}

// works tells whether an access token still does.
func (w *world) works(token string) bool {
	w.t.Helper()
	return w.call(http.MethodGet, "/v1/account", nil, "Authorization", "Bearer "+token).status == http.StatusOK
}

// publicly is the world seen by one more application, which has no secret.
func (w *world) publicly() *world {
	w.t.Helper()
	return w.asApplication(account.Settings{Public: true})
}

// wantSentBack checks that an answer leads back to the client with an error of RFC 6749
// §4.1.2.1, whose description begins with our code.
func wantSentBack(t testing.TB, w *world, a answer, wanted, code string) {
	t.Helper()
	result := a.result(t)
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.location(), returnURL+"?") || result.Get("error") != wanted ||
		!strings.HasPrefix(result.Get("error_description"), code+": ") || result.Get("state") != "app-state" || result.Get("iss") != w.url || len(result) != 4 {
		t.Errorf("answered %d, %q; want %s for %s", a.status, a.location(), wanted, code)
	}
}
