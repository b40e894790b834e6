package e2e_test

import (
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
)

func TestStoppingLetsAStreamFinish(t *testing.T) {
	t.Parallel()
	w := idle(t)
	r := w.launch()
	w.register()
	c := w.connect(nil)
	finish := make(chan struct{})
	w.upstream(func(res http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(res, "first")
		_ = http.NewResponseController(res).Flush()
		select {
		case <-finish:
			_, _ = io.WriteString(res, "last")
		case <-req.Context().Done():
		}
	})
	res := w.open(c, http.MethodGet, "/v1/direct/any", nil)
	readExactly(t, res.Body, "first")

	r.stop()
	for address := strings.TrimPrefix(w.url, "http://"); !closed(address); {
		runtime.Gosched()
	}
	select {
	case err := <-r.done:
		t.Fatalf("the server stopped in the middle of an answer: %v", err)
	default:
	}
	close(finish)
	readExactly(t, res.Body, "last")
	if _, err := res.Body.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the stream ended with %v", err)
	}
	r.end(t)
}

func TestStoppingHasAnEnd(t *testing.T) {
	t.Parallel()
	w := idle(t)
	r := w.launch(func(c *app.Config) { c.ShutdownTimeout = 50 * time.Millisecond })
	w.register()
	c := w.connect(nil)
	w.upstream(func(res http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(res, "first")
		_ = http.NewResponseController(res).Flush()
		<-req.Context().Done()
	})
	res := w.open(c, http.MethodGet, "/v1/direct/any", nil)
	readExactly(t, res.Body, "first")
	r.end(t)
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("an answer that was cut off ends as if it were whole")
	}
}

func TestARestartKeepsEverything(t *testing.T) {
	t.Parallel()
	onEachEngine(t, aRestartKeepsEverything)
}

func aRestartKeepsEverything(t *testing.T, on func(*app.Config)) {
	w := idle(t, on)
	r := w.launch()
	w.register()
	c := w.connect(nil)
	before := w.details(c, "")
	b := w.browser()
	code := b.follow(b.authorize(nil)).result(t).Get("code")
	r.end(t)

	r = w.launch()
	t.Cleanup(func() { r.end(t) })
	after := w.details(c, "")
	for field, want := range before {
		if got := after[field]; field != "updatedAt" && field != "authObtainedAt" && !cmp.Equal(got, want) {
			t.Errorf("%s was %v and is %v", field, want, got)
		}
	}
	w.clock.advance(time.Hour) // the code has ended, and so has the access token
	refused(t, w.redeem(code), http.StatusBadRequest, "code.expired")
	if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK || w.calls().Refresh != 1 {
		t.Errorf("a call that needs the refresh token: %d %s", a.status, a.body)
	}
}

func TestAWrongKeyDoesNotStart(t *testing.T) {
	t.Parallel()
	w := idle(t)
	r := w.launch()
	w.register()
	c := w.connect(nil)
	r.end(t)

	ring, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	other, err := ring.Encode()
	if err != nil {
		t.Fatal(err)
	}
	right := w.key
	cfg := app.Config{Database: w.database, Key: other, Listen: "127.0.0.1:0", LogTo: w.log, Now: w.clock.Now}
	if opened, err := app.Open(t.Context(), cfg); err == nil {
		_ = opened.Close()
		t.Fatal("another key opened the store")
	} else if text := err.Error(); !strings.Contains(text, "key") || strings.Contains(text, other.Reveal()) {
		t.Errorf("the error does not help, or tells too much: %s", text)
	}
	cfg.Key = secret.Text{}
	if opened, err := app.Open(t.Context(), cfg); err == nil {
		_ = opened.Close()
		t.Error("no key opened the store")
	}

	w.key = right // the attempt has changed nothing
	r = w.launch()
	t.Cleanup(func() { r.end(t) })
	if got := w.status(c); got != "active" {
		t.Errorf("afterwards the account is %q", got)
	}
}
