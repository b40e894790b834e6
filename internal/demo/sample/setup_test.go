package sample_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/demo/sample"
)

const (
	clientID     = "0123456789abcdef0123456789abcdef"
	clientSecret = "avain_cs_the-secret-of-the-application"
	goodCode     = "good-code-good-code-good-code"
	tokenOfAda   = "avain_at_" + "ADAADAADAADAADAADAADAADAADAADAADAADA" + "wxyz"
)

// fake plays the three endpoints of Avain that the sample uses.
type fake struct {
	mu      sync.Mutex
	seen    []string // "DELETE /v1/account"
	granted []string
	service string
	down    bool // answers 503 to everything
	deleted string
	sent    string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, r.Method+" "+r.URL.Path)
	id, password, basic := r.BasicAuth()
	application := basic && id == clientID && password == clientSecret
	ada := r.Header.Get("Authorization") == "Bearer "+tokenOfAda && f.deleted == ""
	code, redeems := strings.CutPrefix(r.URL.Path, "/v1/auth/token/")
	switch {
	case f.down:
		refuse(w, http.StatusServiceUnavailable, "store.unavailable", "The server cannot reach its store.")
	case r.Method == http.MethodPost && redeems && !application:
		refuse(w, http.StatusUnauthorized, "client.unauthorized", "The client id and secret do not belong together.")
	case r.Method == http.MethodPost && redeems && code != goodCode:
		refuse(w, http.StatusBadRequest, "code.used", "This code has been redeemed already.")
	case r.Method == http.MethodPost && redeems:
		fmt.Fprintf(w, `{"accountId":7001,"accessToken":%q}`, tokenOfAda)
	case r.Method == http.MethodDelete && r.URL.Path == "/v1/account" && application:
		f.deleted = r.Header.Get("X-Aurinko-Account-Id")
		fmt.Fprint(w, `{"status":"Ok"}`)
	case !ada:
		refuse(w, http.StatusUnauthorized, "token.dead", "Not authorized: the provider has ended this account's access.")
	default:
		f.asAda(w, r)
	}
}

func (f *fake) asAda(w http.ResponseWriter, r *http.Request) {
	const messages = "/v1/direct/gmail/v1/users/me/messages"
	switch path := r.URL.Path; {
	case path == "/v1/account":
		_ = json.NewEncoder(w).Encode(map[string]any{
			"id": 7001, "serviceType": f.service, "email": "ada@sandbox.test", "name": "Ada <b>Lovelace", "tokenStatus": "active", "authScopes": f.granted,
		})
	case path == "/v1/direct/me/messages":
		fmt.Fprint(w, `{"value":[{"subject":"From Graph","bodyPreview":"Hi","from":{"emailAddress":{"name":"Bob","address":"bob@sandbox.test"}}}]}`)
	case path == "/v1/direct/crm/objects/2026-03/contacts":
		fmt.Fprint(w, `{"results":[{"id":"1","properties":{"firstname":"Grace","lastname":"Hopper","email":"grace@navy.test"},"createdAt":"2026-02-02T03:04:05.000Z"}]}`)
	case path == "/v1/direct/services/data/v60.0/query":
		fmt.Fprint(w, `{"records":[{"Name":"Grace Hopper","Email":"grace@navy.test"}]}`)
	case path == "/v1/direct/EWS/Exchange.asmx":
		body, _ := io.ReadAll(r.Body)
		if f.sent = string(body); r.Header.Get("Content-Type") != "text/xml; charset=utf-8" {
			w.WriteHeader(http.StatusUnsupportedMediaType)
		}
		fmt.Fprint(w, `<Envelope><Body><FindItemResponse><ResponseMessages><FindItemResponseMessage><ResponseCode>NoError</ResponseCode><RootFolder><Items><Message>`+
			`<Subject>From Exchange</Subject><DateTimeReceived>2026-01-02T03:04:05Z</DateTimeReceived><From><Mailbox><Name>Bob</Name><EmailAddress>bob@sandbox.test</EmailAddress></Mailbox></From>`+
			`</Message></Items></RootFolder></FindItemResponseMessage></ResponseMessages></FindItemResponse></Body></Envelope>`)
	case path == "/v1/direct/rest/v11/Contacts":
		fmt.Fprint(w, `{"next_offset":-1,"records":[{"name":"Grace Hopper","email":[{"email_address":"grace@navy.test"}]}]}`)
	case path == "/v1/direct/me/sendMail":
		body, _ := io.ReadAll(r.Body)
		f.sent = string(body)
		w.WriteHeader(http.StatusAccepted)
	case path == "/v1/direct/api/accounts":
		fmt.Fprint(w, `{"data":[{"accountId":"77"}]}`)
	case path == "/v1/direct/api/accounts/77/messages/view":
		fmt.Fprint(w, `{"data":[{"subject":"From Zoho","summary":"Hi","sender":"Bob","fromAddress":"bob@sandbox.test","receivedTime":"1767323045000"}]}`)
	case path == "/v1/direct/api/accounts/77/messages":
		body, _ := io.ReadAll(r.Body)
		f.sent = string(body)
		fmt.Fprint(w, `{"data":{}}`)
	case path == messages:
		fmt.Fprint(w, `{"messages":[{"id":"m1"},{"id":"m2"},{"id":"m3"},{"id":"m4"},{"id":"m5"},{"id":"m6"}]}`)
	case path == messages+"/send":
		body, _ := io.ReadAll(r.Body)
		f.sent = string(body)
		fmt.Fprint(w, `{"id":"m9"}`)
	default:
		fmt.Fprintf(w, `{"id":"x","snippet":"It&#39;s here","payload":{"headers":[{"name":"Subject","value":"<script>alert(1)</script>"},{"name":"From","value":"bob@sandbox.test"}]}}`)
	}
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": code, "message": message, "requestId": "req-77"})
}

func (f *fake) set(change func(*fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fake) saw(line string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(f.seen, line)
}

// world is a running sample application in front of a fake Avain.
type world struct {
	avain *fake
	url   string // of the sample
	clock time.Time
	mu    sync.Mutex
}

func start(t *testing.T) *world {
	t.Helper()
	w := &world{avain: &fake{granted: []string{"Mail.Read", "Mail.Send"}, service: "Google"}, clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	avain := httptest.NewServer(w.avain)
	t.Cleanup(avain.Close)
	server := httptest.NewUnstartedServer(nil)
	w.url = "http://" + server.Listener.Addr().String()
	server.Config.Handler = sample.New(sample.Config{
		AvainURL: avain.URL + "/", BaseURL: w.url + "/", ClientID: clientID, ClientSecret: clientSecret,
		SandboxURL: "http://localhost:1", Logins: []sample.Login{{Service: "Post", Fields: []sample.LoginField{{Label: "Password", Value: "a<b"}}}}, HTTP: avain.Client(), Now: w.now,
	})
	server.Start()
	t.Cleanup(server.Close)
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// browser keeps cookies and follows nothing by itself.
type browser struct {
	t      *testing.T
	world  *world
	client *http.Client
}

func (w *world) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, w, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// answer is a response whose body was read.
type answer struct {
	*http.Response
	body string
}

func (b *browser) do(method, path string, header ...string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.world.url+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{res, string(body)}
}

func (b *browser) get(path string) answer { b.t.Helper(); return b.do(http.MethodGet, path) }

// begin starts a flow and returns the query that Avain would see.
func (b *browser) begin(path string) url.Values {
	b.t.Helper()
	a := b.get(path)
	to, err := a.Location()
	if err != nil || a.StatusCode != http.StatusSeeOther {
		b.t.Fatalf("GET %s: status %d, location %v", path, a.StatusCode, err)
	}
	return to.Query()
}

// connect runs the code flow to its end.
func (b *browser) connect() {
	b.t.Helper()
	state := b.begin("/connect?flow=code&scopes=Mail.Read&scopes=Mail.Send").Get("state")
	a := b.get("/connected?status=success&code=" + goodCode + "&state=" + state)
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/" {
		b.t.Fatalf("connected: status %d to %q\n%s", a.StatusCode, a.Header.Get("Location"), a.body)
	}
}

func (a answer) has(t *testing.T, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(a.body, part) {
			t.Errorf("the page lacks %q:\n%s", part, a.body)
		}
	}
}

func (a answer) lacks(t *testing.T, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(a.body, part) {
			t.Errorf("the page has %q:\n%s", part, a.body)
		}
	}
}
