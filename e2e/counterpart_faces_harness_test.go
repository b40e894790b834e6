package e2e_test

import (
	"cmp"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/secret"
)

// dialect is a vendor's way to write what the strict provider decides. Codes, PKCE,
// secrets, redirect URIs, the lives of tokens, rotation and replay are the strict
// provider's; e2e/counterparts/README.md lists all that is bent on the way.
type dialect struct {
	service string
	native  []string // scopes that the strict provider shall know
	paths   map[string]string
	api     string // where data calls go, below the vendor; "": where the answers say
	data    string // a path of /v1/direct that a live access token opens
	scopes  url.Values
	header  string // takes the access token; "": Authorization
	// instance is the path of an instance that people name themselves, over https: it
	// announces the sign-in. "" for none.
	instance string

	// asks bends the authorize query, callback what comes back with the browser, and sends
	// a call's form; each may be nil.
	asks     func(q url.Values)
	callback func(f *face, q url.Values)
	sends    func(form url.Values)
	// answers bends an answer at one of the strict provider's paths. grant is the grant
	// type, where there is one.
	answers func(f *face, path, grant string, status int, body map[string]any) (int, any)
}

// face is a dialect, served before a strict provider.
type face struct {
	dialect
	strict *strict
	url    string
	secure string // over https
}

// face starts one until the test ends.
func (s *strict) face(d dialect) *face {
	s.t.Helper()
	f := &face{dialect: d, strict: s}
	server := httptest.NewServer(f)
	s.t.Cleanup(server.Close)
	secure := httptest.NewTLSServer(f)
	s.t.Cleanup(secure.Close)
	f.url, f.secure = server.URL, secure.URL
	return f
}

// trustsFaces lets the server call instances of faces. All have one certificate, which
// signs itself.
func trustsFaces(t *testing.T) func(*app.Config) {
	t.Helper()
	secure := httptest.NewTLSServer(nil)
	secure.Close()
	pinned := filepath.Join(t.TempDir(), "pinned.pem")
	if err := os.WriteFile(pinned, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(c *app.Config) { c.TypedNetworks, c.TypedCA = []string{"127.0.0.0/8"}, pinned }
}

// announcement stands in paths for what an instance says of itself.
const announcement = "announcement"

// ServeHTTP sends the browser on, and passes every other call through.
func (f *face) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to := f.paths[r.URL.Path]
	if _, below, found := strings.Cut(r.URL.Path, "/data/"); to == "" && found && below != "" {
		to = "/me"
	}
	switch to {
	case "":
		http.NotFound(w, r)
	case announcement:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"config": map[string]any{"idmModeEnabled": true, "stsUrl": f.url}})
	case "/auth":
		q := r.URL.Query()
		f.asks(q)
		http.Redirect(w, r, f.strict.base+"/auth?"+q.Encode(), http.StatusFound)
	default:
		if err := f.pass(w, r, to); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	}
}

func (f *face) pass(w http.ResponseWriter, r *http.Request, to string) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	form := maps.Clone(r.PostForm)
	if f.sends != nil && r.Method == http.MethodPost {
		f.sends(form)
	}
	address := f.strict.base + to
	if to == "/token" {
		address = f.strict.tokens.url // where the test listens
	}
	req, err := http.NewRequestWithContext(r.Context(), r.Method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	if r.Method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	token := r.Header.Get(cmp.Or(f.header, "Authorization"))
	if f.header == "" {
		_, token, _ = strings.Cut(token, " ")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	var body map[string]any
	if json.Unmarshal(raw, &body) != nil { // a revocation has none
		w.WriteHeader(res.StatusCode)
		return nil
	}
	status, answer := f.answers(f, to, form.Get("grant_type"), res.StatusCode, body)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(answer)
}

// registerAtFace makes the face the application's client at that vendor.
func (w *world) registerAtFace(f *face) {
	w.t.Helper()
	at := func(strict string) string {
		for vendors, theirs := range f.paths {
			if theirs == strict {
				return f.url + vendors
			}
		}
		return ""
	}
	e := account.Endpoints{
		Authorize: at("/auth"), Token: at("/token"), Revoke: at("/token/revocation"),
		Userinfo: cmp.Or(at("/token/introspection"), at("/me")), Issuer: f.strict.issuer,
	}
	if f.instance != "" {
		e.Userinfo = f.secure + strings.TrimPrefix(e.Userinfo, f.url)
	}
	if f.api != "" {
		e.API = f.url + f.api
	}
	_, _, err := w.ops.SetRegistration(w.t.Context(), w.client.ClientID, operator.SetRegistration{
		ServiceType: f.service, ClientID: strictClient, Secrets: []secret.Text{secret.New(strictSecret)}, Endpoints: &e,
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// signInAtFace is signInAtStrict, by the vendor's authorize page.
func (b *browser) signInAtFace(f *face, email string) url.Values {
	b.w.t.Helper()
	q := url.Values{"serviceType": {f.service}, "scopes": nil, "loginHint": nil}
	maps.Copy(q, f.scopes)
	first := b.authorize(q)
	if f.instance != "" {
		found := b.sends(first.location(), url.Values{"step": {"find"}, "serverUrl": {f.secure + f.instance}})
		first.header = http.Header{"Location": {found.onward(b.w.t)}}
	}
	if !strings.HasPrefix(first.location(), f.url+"/") {
		b.w.t.Fatalf("authorize answers %d, leads to %q: %s", first.status, first.location(), first.body)
	}
	back := b.atStrict(f.strict, b.get(first.location()), email)
	if f.callback != nil {
		changes := url.Values{}
		f.callback(f, changes)
		back = withQuery(b.w.t.(*testing.T), back, changes)
	}
	return b.get(back).result(b.w.t)
}

// openIDs are what the strict provider wants to be asked for, so that there are refresh
// tokens and a userinfo.
var openIDs = []string{"openid", "email", "profile", "offline_access"}

// asOpenID rewrites an authorize query: those scopes and the vendor's, and the consent
// that offline_access needs.
func asOpenID(q url.Values, vendors []string) {
	q.Set("scope", strings.Join(append(openIDs, vendors...), " "))
	q.Set("prompt", "consent")
	q.Del("optional_scope")
	q.Del("access_type")
}

// vendorScopes are those of an answer that are the vendor's own.
func (f *face) vendorScopes(body map[string]any) []string {
	var own []string
	granted, _ := body["scope"].(string)
	for _, s := range strings.Fields(granted) {
		for _, known := range f.native {
			if s == known {
				own = append(own, s)
			}
		}
	}
	return own
}
