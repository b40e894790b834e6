package direct

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

func remembering(t *testing.T, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://vendor.test/", io.NopCloser(body))
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = -1
	remember(r)
	return r
}

func TestABodyIsReplayedOnlyWhenAllOfItIsKept(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]bool{1: true, keepAside - 1: true, keepAside: true, keepAside + 1: false, 3 * keepAside: false} {
		body := bytes.Repeat([]byte("a"), size)
		r := remembering(t, bytes.NewReader(body))
		if sent, err := io.ReadAll(r.Body); err != nil || !bytes.Equal(sent, body) {
			t.Fatalf("%d bytes: %d were sent, %v", size, len(sent), err)
		}
		for range 2 {
			again, err := r.GetBody()
			if (err == nil) != want {
				t.Errorf("%d bytes: %v", size, err)
				break
			}
			if err != nil {
				break
			}
			if kept, _ := io.ReadAll(again); !bytes.Equal(kept, body) {
				t.Errorf("%d bytes: %d are replayed", size, len(kept))
			}
		}
	}
}

func TestABodyInTheMiddleIsNotReplayed(t *testing.T) {
	t.Parallel()
	r := remembering(t, strings.NewReader("half and half"))
	if _, err := io.ReadFull(r.Body, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.GetBody(); err == nil {
		t.Error("half a body was given out as the whole one")
	}
}

func TestNothingIsKeptOfABodyKnownToBeLarge(t *testing.T) {
	t.Parallel()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://vendor.test/", io.NopCloser(strings.NewReader("x")))
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = keepAside + 1
	remember(r)
	if r.GetBody != nil {
		t.Error("it is remembered")
	}
}
