package echo

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Echo are the handlers for one vendor.
type Echo struct {
	AccessPrefix string // of the vendor's access tokens: they are not repeated
	Header       string // that such a token may come in besides Authorization, in Go's spelling
	// Refuse answers 400 in the vendor's form.
	Refuse func(w http.ResponseWriter, text string)
}

// Echo answers any method with what arrived, byte for byte where a proxy must
// not touch it. Its answer carries headers that a proxy must not pass on. The
// token itself is not repeated.
func (d Echo) Echo(w http.ResponseWriter, r *http.Request) {
	sum := sha256.New()
	length, err := io.Copy(sum, r.Body)
	if err != nil {
		d.Refuse(w, "The body broke off: "+err.Error())
		return
	}
	headers := r.Header.Clone()
	for _, name := range []string{"Authorization", d.Header} {
		for i, v := range headers[name] {
			if at := strings.Index(v, d.AccessPrefix); at >= 0 {
				headers[name][i] = v[:at] + d.AccessPrefix + "[redacted]"
			}
		}
	}
	path, query, _ := strings.Cut(r.RequestURI, "?")
	treacherous(w.Header())
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "private")
	_ = json.NewEncoder(w).Encode(struct { // a caller who is gone needs no answer
		Method     string      `json:"method"`
		Host       string      `json:"host"`
		RawPath    string      `json:"rawPath"` // as it stood in the request line
		RawQuery   string      `json:"rawQuery"`
		Headers    http.Header `json:"headers"`
		BodySHA256 string      `json:"bodySha256"` // hex
		BodyLength int64       `json:"bodyLength"`
	}{r.Method, r.Host, path, query, headers, hex.EncodeToString(sum.Sum(nil)), length})
}

// treacherous sets headers with which an answer could harm the host a proxy
// stands on.
func treacherous(h http.Header) {
	h.Set("Clear-Site-Data", `"*"`)
	h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Link", "<https://sandbox.test/>; rel=preload")
	h.Set("Refresh", "0; url=https://sandbox.test/")
	h.Set("Service-Worker-Allowed", "/")
}

const (
	maxChunks    = 100_000
	maxChunkSize = 1 << 20
	maxPause     = 10 * time.Second
)

// Stream writes ?chunks= pieces (10) of ?size= bytes (1024) and flushes each; with
// ?delay= it pauses between them. There is no Content-Length.
func (d Echo) Stream(w http.ResponseWriter, r *http.Request) {
	chunks, okChunks := number(r, "chunks", 10, maxChunks)
	size, okSize := number(r, "size", 1024, maxChunkSize)
	pause, err := time.ParseDuration(cmp.Or(r.URL.Query().Get("delay"), "0s"))
	if !okChunks || !okSize || err != nil || pause < 0 || pause > maxPause {
		d.Refuse(w, "chunks is 1 to 100000, size 1 to 1048576 bytes, delay at most 10s.")
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	chunk := bytes.Repeat([]byte("sandbox\n"), size/8+1)[:size]
	flusher := http.NewResponseController(w)
	for i := range chunks {
		if i > 0 && pause > 0 {
			select {
			case <-r.Context().Done():
				return
			case <-time.After(pause):
			}
		}
		if _, err := w.Write(chunk); err != nil {
			return
		}
		if err := flusher.Flush(); err != nil {
			return
		}
	}
}

// Redirect answers ?status= (302) with a Location of ?to=, for proxies that must
// hand redirects back and not follow them.
func (d Echo) Redirect(w http.ResponseWriter, r *http.Request) {
	status, ok := number(r, "status", http.StatusFound, 308)
	if !ok || status < 300 {
		d.Refuse(w, "status is 300 to 308.")
		return
	}
	w.Header().Set("Location", r.URL.Query().Get("to"))
	w.WriteHeader(status)
}

// number reads a query parameter between 1 and limit; fallback when it is absent.
func number(r *http.Request, name string, fallback, limit int) (int, bool) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return fallback, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 1 && n <= limit
}
