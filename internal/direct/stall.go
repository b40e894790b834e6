package direct

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

var errStalled = errors.New("the provider sent no byte for too long")

// patient reads the provider's body and gives up where a read waits longer than
// limit: giveUp ends the call, and with it the read. The time between two reads is
// the caller's and does not count.
type patient struct {
	io.ReadCloser
	limit time.Duration
	timer *time.Timer
}

func newPatient(body io.ReadCloser, limit time.Duration, giveUp context.CancelCauseFunc) *patient {
	timer := time.AfterFunc(limit, func() { giveUp(errStalled) })
	timer.Stop()
	return &patient{body, limit, timer}
}

func (p *patient) Read(b []byte) (int, error) {
	p.timer.Reset(p.limit)
	defer p.timer.Stop()
	return p.ReadCloser.Read(b)
}

func (p *patient) Close() error {
	p.timer.Stop()
	return p.ReadCloser.Close()
}

// hurried gives each write to the caller an end of its own: one who reads slowly is
// served for as long as it takes, one who has stopped reading is not.
type hurried struct {
	http.ResponseWriter
	limit      time.Duration
	connection *http.ResponseController
}

func newHurried(w http.ResponseWriter, limit time.Duration) *hurried {
	return &hurried{w, limit, http.NewResponseController(w)}
}

// Unwrap lets http.ResponseController reach the writer below.
func (h *hurried) Unwrap() http.ResponseWriter { return h.ResponseWriter }

func (h *hurried) Write(b []byte) (int, error) {
	_ = h.connection.SetWriteDeadline(time.Now().Add(h.limit))
	return h.ResponseWriter.Write(b)
}

// FlushError is a write too: it empties the buffer into the connection.
func (h *hurried) FlushError() error {
	_ = h.connection.SetWriteDeadline(time.Now().Add(h.limit))
	return h.connection.Flush()
}
