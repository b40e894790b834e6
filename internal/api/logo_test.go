package api_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/api"
	"github.com/avain-project/avain/internal/brand"
)

// shelf holds one picture; another hash fails as the store does.
type shelf struct{ logo brand.Logo }

func (s shelf) Logo(_ context.Context, hash string) (brand.Logo, bool, error) {
	if strings.HasPrefix(hash, "E") {
		return brand.Logo{}, false, errors.New("away")
	}
	return s.logo, hash == s.logo.Hash, nil
}

// A logo is a picture wherever it is opened, and nothing that runs.
func TestALogoIsAPictureAlone(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("a", 42) + "A"
	s := api.New(api.Config{
		PublicURL: &url.URL{Scheme: "https", Host: "avain.example"}, Logos: shelf{brand.Logo{Hash: hash, MediaType: "image/png", Data: []byte("picture")}},
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now, Observe: func(string, string, int, time.Duration) {},
	})
	ask := func(hash string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/v1/auth/logo/"+hash, nil)
		r.Host = "any.example" // an alias, or whatever a page is at
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	w := ask(hash)
	if w.Code != http.StatusOK || w.Body.String() != "picture" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=31536000, immutable",
		"Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for hash, want := range map[string]int{
		strings.Repeat("b", 42) + "A": http.StatusNotFound, "short": http.StatusNotFound, "E" + strings.Repeat("a", 41) + "A": http.StatusServiceUnavailable,
	} {
		if w := ask(hash); w.Code != want || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, want %d, kept %q", hash, w.Code, want, w.Header().Get("Cache-Control"))
		}
	}
}
