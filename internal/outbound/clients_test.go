package outbound_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/outbound"
)

func TestAPIRefusesAnOversizedAnswer(t *testing.T) {
	t.Parallel()
	sizes := map[string]int{"/fits": outbound.MaxAnswer, "/over": outbound.MaxAnswer + 1}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte("x"), sizes[r.URL.Path]))
	}))
	defer server.Close()
	for path, size := range sizes {
		res, err := outbound.New(outbound.Config{}).API.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if over := size > outbound.MaxAnswer; errors.Is(err, outbound.ErrTooLarge) != over {
			t.Errorf("%s: %d bytes, error %v", path, len(body), err)
		}
		if len(body) != outbound.MaxAnswer {
			t.Errorf("%s: read %d bytes, want %d", path, len(body), outbound.MaxAnswer)
		}
	}
}

func TestNoClientFollowsRedirects(t *testing.T) {
	t.Parallel()
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirect was followed")
	}))
	defer target.Close()
	server := httptest.NewServer(http.RedirectHandler(target.URL, http.StatusFound))
	defer server.Close()
	clients := outbound.New(outbound.Config{})
	for _, c := range []*http.Client{clients.API, clients.Stream} {
		res, err := c.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusFound {
			t.Errorf("status %d, want the redirect itself", res.StatusCode)
		}
	}
}

func TestHangingServerIsATimeout(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	var observed []int
	clients := outbound.New(outbound.Config{
		APITimeout: 50 * time.Millisecond, FirstByte: 50 * time.Millisecond,
		Observe: func(_ string, status int, _ time.Duration) { observed = append(observed, status) },
	})
	for _, c := range []*http.Client{clients.API, clients.Stream} {
		_, err := c.Get(server.URL)
		if !outbound.Timeout(err) {
			t.Errorf("error %v is not taken for a timeout", err)
		}
	}
	if len(observed) != 2 || observed[0] != 0 {
		t.Errorf("observed %v, want two calls without a status", observed)
	}
	if outbound.Timeout(errors.New("refused")) {
		t.Error("every error is taken for a timeout")
	}
}
