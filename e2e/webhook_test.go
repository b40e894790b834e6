package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
)

// receiver is an application's webhook: a real server with a certificate of its own.
type receiver struct {
	t       testing.TB
	url, ca string

	mu      sync.Mutex
	signing string
	down    bool
	takes   time.Duration // to answer
	busy    int           // deliveries under way
	tries   int           // while it is down
	got     []event
}

// event is one delivery as the application reads it.
type event struct {
	ID, Type, ClientID, ServiceType, TokenStatus, TokenError string
	AccountID                                                int64
	Time                                                     time.Time
	Reauthorization                                          struct {
		URL       string
		ExpiresAt time.Time
	}
	raw string
}

func newReceiver(t testing.TB) *receiver {
	t.Helper()
	r := &receiver{t: t, ca: filepath.Join(t.TempDir(), "receiver.pem")}
	server := httptest.NewTLSServer(r)
	t.Cleanup(server.Close)
	server.Config.ErrorLog = nil
	r.url = server.URL + "/hook?secret=in-the-url"
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(r.ca, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

// ServeHTTP checks the signature as an application would, and breaks off while it is down.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	r.mu.Lock()
	takes := r.takes
	r.busy++
	r.mu.Unlock()
	<-time.After(takes)
	r.mu.Lock()
	r.busy--
	defer r.mu.Unlock()
	if r.down {
		r.tries++
		panic(http.ErrAbortHandler)
	}
	mac := hmac.New(sha256.New, []byte(r.signing))
	_, _ = io.WriteString(mac, "v0:"+req.Header.Get("X-Aurinko-Request-Timestamp")+":"+string(body))
	var e event
	if err != nil || json.Unmarshal(body, &e) != nil || req.Header.Get("X-Aurinko-Signature") != hex.EncodeToString(mac.Sum(nil)) {
		r.t.Errorf("a delivery with %v: %s, %v", req.Header, body, err)
	}
	e.raw = string(body)
	r.got = append(r.got, e)
}

func (r *receiver) isDown(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
}

func (r *receiver) tried() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tries
}

func (r *receiver) events() []event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// trusts lets the server call the receiver.
func (r *receiver) trusts(c *app.Config) { c.TypedNetworks, c.TypedCA = []string{"127.0.0.1"}, r.ca }

// tells makes the receiver the application's webhook.
func (w *world) tells(r *receiver) {
	w.t.Helper()
	if _, err := w.ops.SetApplication(w.t.Context(), w.client.ClientID, operator.SetApplication{Webhooks: &[]string{r.url}}); err != nil {
		w.t.Fatal(err)
	}
	_, signing, err := w.ops.SigningSecret(w.t.Context(), w.client.ClientID)
	if err != nil {
		w.t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.signing = signing.Reveal()
}

// told waits until the receiver has had n events, and returns their types.
func (r *receiver) told(n int) (types []string) {
	r.t.Helper()
	eventually(r.t, strconv.Itoa(n)+" events", func() bool { return len(r.events()) >= n })
	for _, e := range r.events() {
		types = append(types, e.Type)
	}
	return types
}

// An account is connected, its person ends the access, signs in again by the link of the
// event, and it is deleted: each of it arrives, once, in this order, signed.
func TestWebhookTellsAnAccountsLife(t *testing.T) {
	t.Parallel()
	onEachEngine(t, webhookTellsAnAccountsLife)
}

func webhookTellsAnAccountsLife(t *testing.T, on func(*app.Config)) {
	r := newReceiver(t)
	w := start(t, on, r.trusts)
	w.tells(r)
	began := w.clock.Now()
	c := w.connect(url.Values{"loginHint": {"ada+auto+revoked@sandbox.test"}})
	w.clock.advance(2 * time.Hour)
	w.as(c, http.MethodGet, "/v1/direct/echo/x") // the first refresh, after which the person ends it
	w.clock.advance(2 * time.Hour)
	for range 3 {
		refused(t, w.as(c, http.MethodGet, "/v1/direct/echo/x"), http.StatusUnauthorized, "token.dead")
	}
	if got := r.told(2); !slices.Equal(got, []string{"account.created", "token.expired"}) {
		t.Fatalf("told %v", got)
	}
	expired := r.events()[1]
	if expired.AccountID != c.AccountID || expired.TokenStatus != "dead" || expired.TokenError == "" || expired.ClientID != w.client.ClientID ||
		expired.ServiceType != "Google" || !expired.Time.Equal(began.Add(4*time.Hour)) ||
		!expired.Reauthorization.ExpiresAt.Equal(began.Add(4*time.Hour+7*24*time.Hour)) {
		t.Errorf("told %s", expired.raw)
	}

	// The link opens the sign-in of that very account, as often as somebody looks at it.
	b := w.browser()
	begun := b.open(expired.Reauthorization.URL+"&state=mine", ada)
	parallel := w.browser()
	begunToo := parallel.open(expired.Reauthorization.URL, ada)
	result := b.follow(begun).result(t)
	if result.Get("status") != "success" || result.Get("state") != "mine" {
		t.Fatalf("signed in again: %v", result)
	}
	if renewed := w.redeemedAccount(result); renewed.AccountID != c.AccountID || w.status(c) != "active" {
		t.Errorf("account %d, %q; it was %d", renewed.AccountID, w.status(c), c.AccountID)
	}
	// It is good for one: neither what was begun with it nor the link itself goes on.
	if again := parallel.follow(begunToo).result(t); again.Get("error") != "link.ended" {
		t.Errorf("the second sign-in of one link: %v", again)
	}
	refused(t, w.browser().get(expired.Reauthorization.URL), http.StatusBadRequest, "link.ended")

	if a := w.as(c, http.MethodDelete, "/v1/account"); a.status != http.StatusOK {
		t.Fatalf("delete: %d %s", a.status, a.body)
	}
	if got, want := r.told(4), []string{"account.created", "token.expired", "token.recovered", "account.deleted"}; !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
	ids, document := map[string]bool{}, documented(t)
	for _, e := range r.events() {
		var body any
		if err := json.Unmarshal([]byte(e.raw), &body); err != nil {
			t.Error(err)
		}
		document.is("Event", body)
		if ids[e.ID] || e.AccountID != c.AccountID {
			t.Errorf("told %s", e.raw)
		}
		ids[e.ID] = true
		for _, no := range []string{"sandbox-", c.AccessToken, "@sandbox.test", w.password, r.signing} {
			if strings.Contains(e.raw, no) {
				t.Errorf("an event holds %q: %s", no, e.raw)
			}
		}
	}
	for _, no := range []string{"in-the-url", r.signing, "/v1/auth/reauthorize?key="} {
		if strings.Contains(w.log.String(), no) {
			t.Errorf("the log holds %q", no)
		}
	}
}

// A link is for its own account, its own person and a week.
func TestALinkIsForItsAccount(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	w := start(t, r.trusts)
	w.tells(r)
	c := w.connect(nil)
	if _, err := w.ops.RevokeAccount(t.Context(), account.ID(c.AccountID)); err != nil {
		t.Fatal(err)
	}
	r.told(2)
	link := r.events()[1].Reauthorization.URL
	refused(t, w.browser().get(link[:len(link)-4]+"AAAA"), http.StatusBadRequest, "state.unknown")
	refused(t, w.browser().get(w.url+"/v1/auth/reauthorize"), http.StatusBadRequest, "state.unknown")
	refused(t, w.browser().get(link+"&returnUrl=https://evil.example/"), http.StatusBadRequest, "returnurl.invalid")

	// Somebody else who opens it does not become the account's person.
	b := w.browser()
	if result := b.follow(b.open(link, bob)).result(t); result.Get("error") != "account.mismatch" {
		t.Errorf("another person: %v", result)
	}
	w.clock.advance(7 * 24 * time.Hour)
	refused(t, w.browser().get(link), http.StatusBadRequest, "link.ended")
}

// open opens a link, and has the provider sign that person in.
func (b *browser) open(link, who string) answer {
	b.w.t.Helper()
	at, err := url.Parse(b.get(link).location())
	if err != nil {
		b.w.t.Fatal(err)
	}
	q := at.Query()
	q.Set("login_hint", who)
	at.RawQuery = q.Encode()
	return b.get(at.String())
}

func TestWebhookAfterAnHourAway(t *testing.T) {
	t.Parallel()
	onEachEngine(t, webhookAfterAnHourAway)
}

func webhookAfterAnHourAway(t *testing.T, on func(*app.Config)) {
	r := newReceiver(t)
	w := start(t, on, r.trusts)
	w.tells(r)
	r.isDown(true)
	c, other := w.connect(nil), w.connect(url.Values{"loginHint": {bob}})
	// soon looks again and again while the time goes by: a pause begins when the try before
	// it has been noted, which nobody sees.
	soon := func(what string, so func() bool) {
		t.Helper()
		eventually(t, what, func() bool { w.clock.advance(time.Second); return so() })
	}
	for began := w.clock.Now(); w.clock.Now().Before(began.Add(time.Hour)); w.clock.advance(10 * time.Minute) {
		before := r.tried()
		soon("another try", func() bool { return r.tried() > before })
	}
	if _, err := w.ops.RevokeAccount(t.Context(), account.ID(c.AccountID)); err != nil {
		t.Fatal(err)
	}
	w.as(c, http.MethodDelete, "/v1/account")
	r.isDown(false)
	w.clock.advance(10 * time.Minute)
	soon("all events", func() bool { return len(r.events()) >= 4 })
	var got []string
	for _, e := range r.events() {
		if e.AccountID == c.AccountID {
			got = append(got, e.Type)
		} else if e.AccountID != other.AccountID || e.Type != "account.created" {
			t.Errorf("told %s", e.raw)
		}
	}
	if !slices.Equal(got, []string{"account.created", "token.expired", "account.deleted"}) {
		t.Errorf("told %v", got)
	}
}

// A webhook in the server's own network is not called, and the failure does not tell that
// there is anything.
func TestWebhookAtAPrivateAddress(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	w := start(t, func(c *app.Config) { c.TypedCA = r.ca })
	w.tells(r)
	w.connect(nil)
	var seen []operator.Delivery
	eventually(t, "a try", func() bool {
		var err error
		if seen, err = w.ops.Deliveries(t.Context(), operator.EventFilter{Application: "E2E"}); err != nil {
			t.Fatal(err)
		}
		return len(seen) == 1 && seen[0].Attempts > 0
	})
	if seen[0].Failure != "unreachable" || len(r.events()) > 0 {
		t.Errorf("%+v, and the receiver was told %v", seen[0], r.events())
	}
}
