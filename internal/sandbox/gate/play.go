package gate

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// OversizedBytes is the least length of an oversized answer.
const OversizedBytes = 8<<20 + 1

// maxCutBytes is how much of an answer is kept in order to send half of it.
const maxCutBytes = 1 << 20

// Play answers a call with the fault that [Gate.Enter] gave for it; with the zero
// Fault it just calls next. fail writes an error answer in the vendor's dialect
// for the kinds status and error; f.Status is set by then.
func (g *Gate) Play(w http.ResponseWriter, r *http.Request, f Fault, fail func(http.ResponseWriter, Fault), next http.HandlerFunc) {
	if f.Kind == "" {
		next(w, r)
		return
	}
	if f.Delay > 0 && !g.wait(r, f.Delay) {
		panic(http.ErrAbortHandler)
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	switch f.Kind {
	case Slow:
		next(w, r)
	case Cut:
		cut(w, r, next)
	case Hang:
		g.hang(r)
	case Status, Error:
		f.Status = f.statusOr(http.StatusBadRequest)
		fail(w, f)
	case Malformed:
		body(w, f, "application/json; charset=utf-8", `{"access_token": "ya29.sandbox-half", "expires_in": 35`)
	case HTML:
		body(w, f, "text/html; charset=utf-8", "<!doctype html><title>Sandbox fault</title><h1>Something went wrong</h1><p>A page where JSON was asked for.")
	case Empty:
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(f.statusOr(http.StatusOK))
	case Oversized:
		oversized(w, f)
	case Bomb:
		body(w, f, xmlType, bomb())
	case Entity:
		body(w, f, xmlType, entity(cmp.Or(f.Location, "file:///etc/passwd")))
	case Redirect:
		w.Header().Set("Location", cmp.Or(f.Location, r.URL.RequestURI()))
		w.WriteHeader(f.statusOr(http.StatusFound))
	case Names, Refers: // autodiscover plays them itself
		next(w, r)
	}
}

func (f Fault) statusOr(status int) int {
	if f.Status != 0 {
		return f.Status
	}
	return status
}

// wait says false when the client or the sandbox went away meanwhile.
func (g *Gate) wait(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-g.closed:
	}
	return false
}

func (g *Gate) hang(r *http.Request) {
	// net/http notices that a client has gone only after the body was read.
	_, _ = io.Copy(io.Discard, r.Body)
	select {
	case <-r.Context().Done():
	case <-g.closed:
	}
	panic(http.ErrAbortHandler)
}

func body(w http.ResponseWriter, f Fault, contentType, text string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(f.statusOr(http.StatusOK))
	_, _ = io.WriteString(w, text)
}

func oversized(w http.ResponseWriter, f Fault) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(f.statusOr(http.StatusOK))
	chunk := strings.Repeat("x", 64<<10)
	_, _ = io.WriteString(w, `{"padding": "`)
	for sent := 0; sent < OversizedBytes; sent += len(chunk) {
		if _, err := io.WriteString(w, chunk); err != nil {
			return
		}
	}
	_, _ = io.WriteString(w, `"}`)
}

// cut lets the endpoint act, then sends its headers and half of its body. The
// caller learns that the connection broke, not what happened before: the case
// in which a rotated refresh token is lost on the way.
func cut(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	kept := &recorder{header: w.Header(), status: http.StatusOK}
	next(kept, r)
	w.Header().Set("Content-Length", strconv.Itoa(max(kept.body.Len(), 2)))
	w.WriteHeader(kept.status)
	_, _ = w.Write(kept.body.Bytes()[:kept.body.Len()/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// recorder keeps an answer instead of sending it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *recorder) Header() http.Header    { return k.header }
func (k *recorder) WriteHeader(status int) { k.status = status }

func (k *recorder) Write(p []byte) (int, error) {
	if k.body.Len()+len(p) > maxCutBytes {
		return 0, io.ErrShortWrite
	}
	return k.body.Write(p)
}

// Flush implements http.Flusher; there is nowhere to flush to.
func (k *recorder) Flush() {}
