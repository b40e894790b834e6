package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/api"
)

// trail is a log that may be written while it is read.
type trail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *trail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *trail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// aliases are the hosts known besides the public one, with their origins.
type aliases map[string]string

func (a aliases) AliasOrigin(_ context.Context, host string) (string, error) { return a[host], nil }

// drawer draws the page of a fault; the others are not asked for here.
type drawer struct {
	api.Pages
	draw func(http.ResponseWriter, api.ErrorPage)
}

func (d drawer) Error(w http.ResponseWriter, _ api.Look, p api.ErrorPage) { d.draw(w, p) }

// serve starts a server that only asks ready, and shows error pages by page.
func serve(t *testing.T, ready func(context.Context) error, page func(http.ResponseWriter, api.ErrorPage)) (base string, log *trail, done <-chan int) {
	t.Helper()
	public, err := url.Parse("https://avain.example")
	if err != nil {
		t.Fatal(err)
	}
	log = &trail{}
	pages := drawer{draw: page}
	observed := make(chan int, 16)
	server := httptest.NewServer(api.New(api.Config{
		PublicURL: public, Ready: ready, Pages: pages, Now: time.Now, Logger: slog.New(slog.NewJSONHandler(log, nil)),
		Hosts:   aliases{},
		Observe: func(_, _ string, status int, _ time.Duration) { observed <- status },
	}))
	t.Cleanup(server.Close)
	return server.URL, log, observed
}

// Over a real connection: a recorder would show an answer that never leaves.
func TestAPanicBecomesAnAnswer(t *testing.T) {
	t.Parallel()
	base, log, done := serve(t, func(context.Context) error { panic("planted in the code") }, nil)
	for range 2 { // the process goes on
		res, err := http.Get(base + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		var f struct{ Code, Message, RequestID string }
		if err := json.Unmarshal(body, &f); err != nil || res.StatusCode != http.StatusInternalServerError || f.Code != "internal" {
			t.Errorf("%d %s", res.StatusCode, body)
		}
		if f.RequestID == "" || !strings.Contains(log.String(), f.RequestID) || strings.Contains(string(body), "planted") {
			t.Errorf("the answer %s cannot be found in the log, or tells too much", body)
		}
		if status := <-done; status != http.StatusInternalServerError {
			t.Errorf("counted as %d", status)
		}
	}
	if text := log.String(); strings.Count(text, `"msg":"request"`) != 2 || strings.Count(text, `"panic":"planted in the code"`) != 2 {
		t.Errorf("the log: %s", text)
	}
}

func TestAPanicInTheMiddleBreaksTheAnswerOff(t *testing.T) {
	t.Parallel()
	base, _, _ := serve(t, nil, func(w http.ResponseWriter, _ api.ErrorPage) {
		_, _ = io.WriteString(w, "<p>half a page")
		_ = http.NewResponseController(w).Flush()
		panic("planted in the code")
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/v1/auth/callback", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if body, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("half a page ends as if it were whole: %s", body)
	}
}

func TestReadyTellsWhenTheServerIsNot(t *testing.T) {
	t.Parallel()
	base, log, _ := serve(t, func(context.Context) error { return errors.New("the server is stopping") }, nil)
	for path, want := range map[string]int{"/readyz": http.StatusServiceUnavailable, "/healthz": http.StatusOK} {
		res, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != want || strings.Contains(string(body), "stopping") {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
	}
	if !strings.Contains(log.String(), "the server is stopping") {
		t.Error("the log does not say why")
	}
}
