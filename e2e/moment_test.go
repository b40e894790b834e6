package e2e_test

import (
	"net/http"
	"strings"
	"sync"
)

// front stands before the sandbox, so that a test can act while Avain waits for the
// provider.
type front struct {
	box http.Handler

	mu  sync.Mutex
	end string // of the path at which do runs
	do  func()

	liar  liar // see lies
	count int  // of its answers
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if do := f.take(r.URL.Path); do != nil {
		do()
	}
	if f.lie(w, r) {
		return
	}
	f.box.ServeHTTP(w, r)
}

func (f *front) take(path string) func() {
	f.mu.Lock()
	defer f.mu.Unlock()
	do := f.do
	if do == nil || !strings.HasSuffix(path, f.end) {
		return nil
	}
	f.do = nil
	return do
}

func (f *front) at(end string, do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.end, f.do = end, do
}

// whileExchanging runs do once: when the provider is asked for tokens next, before
// it answers. do is on another goroutine than the test.
func (w *world) whileExchanging(do func()) { w.front.at("/token", do) }

// whileIdentifying is the same of the question who signed in, which comes after the
// exchange.
func (w *world) whileIdentifying(do func()) { w.front.at(w.service.identity, do) }
