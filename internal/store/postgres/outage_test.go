package postgres_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/postgres"
	"github.com/avain-project/avain/internal/store/storetest"
)

func TestADatabaseThatGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	p := storetest.NewPostgres(t)
	s := store.New(open(t, p.URL))
	if err := s.AddMeta(t.Context(), "key", []byte("value")); err != nil {
		t.Fatal(err)
	}
	p.Stop()
	if err := s.Ping(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("ping: %v", err)
	}
	if _, err := s.Meta(t.Context(), "key"); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("read: %v", err)
	}
	if err := s.AddMeta(t.Context(), "key", []byte("lost")); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("write: %v", err)
	}
	p.Start()
	value, err := s.Meta(t.Context(), "key")
	if err != nil || string(value) != "value" {
		t.Errorf("after its return: %q, %v", value, err)
	}
	if err := s.AddMeta(t.Context(), "other", []byte("again")); err != nil {
		t.Error(err)
	}
}

// A server that says nothing any more, as one behind a broken network: nobody waits
// for longer than the engine's timeout or its own deadline, and nobody believes in
// what was read before.
func TestASilentServerHoldsNobody(t *testing.T) {
	t.Parallel()
	between := newCable(t, storetest.NewPostgres(t).URL)
	e, err := postgres.Open(t.Context(), postgres.Config{URL: between.url, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	s := store.New(e)
	t.Cleanup(func() { _ = s.Close() })
	if err := s.AddMeta(t.Context(), "key", []byte("value")); err != nil {
		t.Fatal(err)
	}
	between.cut.Store(true)
	if err := s.AddMeta(t.Context(), "key", []byte("lost")); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("write: %v", err)
	}
	if _, err := s.Meta(t.Context(), "key"); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("read: %v", err)
	}
	if a, b := s.Changes(), s.Changes(); a == b {
		t.Error("two answers are equal although nobody can look")
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := s.Ping(short); err == nil || time.Since(began) > time.Second {
		t.Errorf("ping: %v after %v", err, time.Since(began))
	}
}

// cable is a way to the server that can be cut: nothing passes any more, and nobody
// is told.
type cable struct {
	url string
	cut atomic.Bool
}

func newCable(t *testing.T, address string) *cable {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	name := ".s.PGSQL." + q.Get("port")
	target := filepath.Join(q.Get("host"), name)
	folder, err := os.MkdirTemp("", "cable-") // shorter than t.TempDir: the path of a socket is bounded
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close(); _ = os.RemoveAll(folder) })
	c := &cable{}
	q.Set("host", folder)
	u.RawQuery = q.Encode()
	c.url = u.String()
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", target)
			if err != nil {
				_ = near.Close()
				continue
			}
			go c.pass(far, near)
			go c.pass(near, far)
		}
	}()
	return c
}

func (c *cable) pass(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if c.cut.Load() {
			_, _ = io.Copy(io.Discard, from)
			return
		}
		if n > 0 {
			_, _ = to.Write(buffer[:n])
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}
