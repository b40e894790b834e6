package direct

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
)

// keepAside is how much of a request body is remembered for one retry.
const keepAside = 64 << 10

var errNotReplayable = errors.New("the body is too large, or was not read to its end, to be sent again")

// rememberedBody streams a body and keeps a copy while it is small. Nothing waits
// for the copy: the first byte goes out as it comes in.
type rememberedBody struct {
	body io.ReadCloser

	mu    sync.Mutex
	copy  bytes.Buffer
	whole bool // read to its end, and all of it is in copy
	over  bool // too large to keep; whole stays false
}

// remember wraps the request's body and makes it replayable where it turns out
// small enough.
func remember(r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength > keepAside {
		return
	}
	b := &rememberedBody{body: r.Body}
	r.Body = b
	r.GetBody = b.again
}

func (b *rememberedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.over:
	case b.copy.Len()+n > keepAside:
		b.over, b.copy = true, bytes.Buffer{}
	default:
		b.copy.Write(p[:n])
		b.whole = errors.Is(err, io.EOF)
	}
	return n, err
}

func (b *rememberedBody) Close() error { return b.body.Close() }

func (b *rememberedBody) again() (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	// Not read to its end, it may still be on its way out: leave it alone.
	if !b.whole {
		return nil, errNotReplayable
	}
	return io.NopCloser(bytes.NewReader(bytes.Clone(b.copy.Bytes()))), nil
}
