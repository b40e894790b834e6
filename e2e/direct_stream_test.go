package e2e_test

import (
	"errors"
	"io"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/app"
)

// open starts a request with the bearer of c and hands the open answer over.
func (w *world) open(c connected, method, path string, body io.Reader) *http.Response {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", c.bearer())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func readExactly(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Fatalf("read %q, %v; want %q", got, err, want)
	}
}

func TestDirectStreamsDownBeforeTheEnd(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.connect(nil)
	arrived := make(chan struct{})
	w.upstream(func(res http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(res, "first")
		_ = http.NewResponseController(res).Flush()
		select {
		case <-arrived:
			_, _ = io.WriteString(res, "second")
		case <-req.Context().Done():
		}
	})
	res := w.open(c, http.MethodGet, "/v1/direct/any", nil)
	readExactly(t, res.Body, "first")
	close(arrived)
	readExactly(t, res.Body, "second")
	if n, err := res.Body.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %d bytes, %v", n, err)
	}
}

func TestDirectStreamsUpBeforeTheEnd(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.connect(nil)
	arrived := make(chan struct{})
	w.upstream(func(res http.ResponseWriter, req *http.Request) {
		first := make([]byte, 5)
		if _, err := io.ReadFull(req.Body, first); err != nil {
			t.Error(err)
			return
		}
		close(arrived)
		rest, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		_, _ = res.Write(append(first, rest...))
	})
	body, feed := io.Pipe()
	go func() {
		_, _ = io.WriteString(feed, "first")
		<-arrived // the provider has it while the body is still open
		_, _ = io.WriteString(feed, "second")
		_ = feed.Close()
	}()
	res := w.open(c, http.MethodPost, "/v1/direct/any", body)
	readExactly(t, res.Body, "firstsecond")
}

// A caller that goes away takes the provider's call with it.
func TestDirectEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.connect(nil)
	ended := make(chan struct{})
	w.upstream(func(res http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(res, "first")
		_ = http.NewResponseController(res).Flush()
		<-req.Context().Done()
		close(ended)
	})
	res := w.open(c, http.MethodGet, "/v1/direct/any", nil)
	readExactly(t, res.Body, "first")
	_ = res.Body.Close()
	<-ended
}

// A provider that falls silent in the middle does not hold the caller for ever.
func TestDirectEndsWithASilentProvider(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *app.Config) { c.StallTimeout = 500 * time.Millisecond })
	c := w.connect(nil)
	ended := make(chan struct{})
	w.upstream(func(res http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(res, "first")
		_ = http.NewResponseController(res).Flush()
		<-req.Context().Done()
		close(ended)
	})
	res := w.open(c, http.MethodGet, "/v1/direct/any", nil)
	readExactly(t, res.Body, "first")
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("an answer that was cut off ends as if it were whole")
	}
	<-ended
}

// Nor does a caller who has stopped reading hold the provider.
func TestDirectEndsWithACallerThatStopsReading(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *app.Config) { c.StallTimeout = 500 * time.Millisecond })
	c := w.connect(nil)
	ended := make(chan struct{})
	w.upstream(func(res http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(struct{ io.Writer }{res}, &zeros{volume})
		<-req.Context().Done()
		close(ended)
	})
	res := w.open(c, http.MethodGet, "/v1/direct/any", nil)
	readExactly(t, res.Body, "\x00")
	<-ended
}

// volume is what goes through in each direction, and mostMemory what that may
// allocate in all: caller, Avain and provider together.
const (
	volume     = 256 << 20
	mostMemory = 48 << 20
)

// zeros reads as n zero bytes.
type zeros struct{ n int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.n == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.n)
	clear(p[:n])
	z.n -= n
	return int(n), nil
}

// Not parallel: it watches what the whole process allocates.
func TestDirectStreamsWithConstantMemory(t *testing.T) {
	w := start(t)
	c := w.connect(nil)
	received := make(chan int64, 1)
	w.upstream(func(res http.ResponseWriter, req *http.Request) {
		n, _ := io.Copy(io.Discard, req.Body)
		received <- n
		if req.Method == http.MethodGet {
			_, _ = io.CopyBuffer(struct{ io.Writer }{res}, &zeros{volume}, make([]byte, 64<<10))
		}
	})
	for name, run := range map[string]func() (moved int64){
		"up": func() int64 {
			w.open(c, http.MethodPut, "/v1/direct/any", struct{ io.Reader }{&zeros{volume}})
			return <-received
		},
		"down": func() int64 {
			res := w.open(c, http.MethodGet, "/v1/direct/any", nil)
			<-received
			n, err := io.Copy(io.Discard, res.Body)
			if err != nil {
				t.Error(err)
			}
			return n
		},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		moved := run()
		runtime.ReadMemStats(&after)
		if moved != volume {
			t.Errorf("%s: %d bytes arrived of %d", name, moved, int64(volume))
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent > mostMemory {
			t.Errorf("%s: %d MiB were allocated to move %d MiB", name, spent>>20, volume>>20)
		}
	}
}
