package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// PublicURL is how every server is reached, wherever it listens after a restart.
const PublicURL = "http://localhost:8080"

// Server is the real binary, which is killed and started again on the same data.
type Server struct {
	Program            string // default: Binary
	Database, Key, Dir string
	Flags              []string // more of `avain serve`

	bound   sync.Once // to the test that has started it first: it ends with that
	mu      sync.Mutex
	running *exec.Cmd
	address string        // host:port that it listens on
	log     *bytes.Buffer // of the last one; read it when that has ended
}

// Start starts it until the test ends that does so first, on a port that was free a moment ago.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	var err error
	for range 5 {
		if err = s.TryStart(t); err == nil {
			return
		}
	}
	t.Fatal(err)
}

// TryStart is Start for a server that may refuse: the error has what it said.
func (s *Server) TryStart(t testing.TB) error {
	t.Helper()
	program := s.Program
	if program == "" {
		program = Binary(t)
	}
	address := FreeAddress(t)
	s.bound.Do(func() { t.Cleanup(s.kill) })
	cmd := exec.Command(program, append([]string{
		"serve", "--json", "--listen", address, "--public-url", PublicURL,
		"--data-dir", s.Dir, "--database", s.Database, "--limit-address", "10000", "--limit-application", "10000",
	}, s.Flags...)...) //nolint:noctx // it outlives a subtest that starts it again
	cmd.Env = append(os.Environ(), "AVAIN_KEY="+s.Key)
	log := new(bytes.Buffer)
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var ready struct{ URL string }
	if err := json.NewDecoder(out).Decode(&ready); err != nil {
		_ = cmd.Wait()
		return fmt.Errorf("the server did not come up: %w\n%s", err, log)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running, s.address, s.log = cmd, address, log
	return nil
}

// Journal names what is in the server's journal, of that pattern.
func (s *Server) Journal(pattern string) []string {
	names, err := filepath.Glob(filepath.Join(s.Dir, "journal", pattern))
	if err != nil {
		panic(err) // the pattern is malformed
	}
	return names
}

// Entered closes the channel when the journal has an entry.
func (s *Server) Entered(t testing.TB, entry chan<- struct{}) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	go func() {
		defer look.Stop()
		for len(s.Journal("*.entry")) == 0 {
			select {
			case <-look.C:
			case <-t.Context().Done():
				return
			}
		}
		close(entry)
	}()
}

// FreeAddress is one of loopback, host:port, that nobody listens on at the moment.
func FreeAddress(t testing.TB) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// Kill is kill -9, and waits for the end. One that has ended stays so.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if s.running.ProcessState != nil {
		return
	}
	s.signal(t, syscall.SIGKILL)
	_ = s.running.Wait() // killed
}

// kill leaves nothing behind.
func (s *Server) kill() {
	if s.running != nil && s.running.ProcessState == nil {
		_ = s.running.Process.Kill()
		_ = s.running.Wait()
	}
}

// End asks it to stop, as an operator does, and waits until it has.
func (s *Server) End(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGTERM)
	if err := s.running.Wait(); err != nil {
		t.Errorf("the server was told to stop: %v\n%s", err, s.log)
	}
}

// Stop freezes it, until Continue or Kill.
func (s *Server) Stop(t testing.TB) { t.Helper(); s.signal(t, syscall.SIGSTOP) }

// Continue ends Stop.
func (s *Server) Continue(t testing.TB) { t.Helper(); s.signal(t, syscall.SIGCONT) }

func (s *Server) signal(t testing.TB, signal os.Signal) {
	t.Helper()
	if err := s.running.Process.Signal(signal); err != nil {
		t.Fatalf("%v: %v", signal, err)
	}
}

// Address is where the last one that was started listens, host:port.
func (s *Server) Address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// Log is what the last one has written. It has to have ended.
func (s *Server) Log() string {
	if s.log == nil {
		return ""
	}
	return s.log.String()
}

// Client reaches the public URL where the server listens now.
func (s *Server) Client() *http.Client { return ClientAt(s.Address) }

// ClientAt reaches the public URL at an address, host:port, as that is when it dials. It
// keeps no connection: one of a killed server would fail the next call.
func ClientAt(address func() string) *http.Client {
	public, err := url.Parse(PublicURL)
	if err != nil {
		panic(err)
	}
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
			if to == public.Host {
				to = address()
			}
			return new(net.Dialer).DialContext(ctx, network, to)
		},
	}}
}
