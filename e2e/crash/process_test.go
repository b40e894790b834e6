package crash_test

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
	"testing"
)

// publicURL is how the server is reached, wherever it listens after a restart.
const publicURL = "http://localhost:8080"

// server is the real binary, which is killed and started again on the same data.
type server struct {
	database, key, dir string

	mu      sync.Mutex
	running *exec.Cmd
	address string        // host:port that it listens on
	log     *bytes.Buffer // of the last one; read it when that has ended
}

// start starts it, on a port that was free a moment ago.
func (s *server) start(t *testing.T) {
	t.Helper()
	var err error
	for range 5 {
		if err = s.startAt(t, freeAddress(t)); err == nil {
			return
		}
	}
	t.Fatal(err)
}

func (s *server) startAt(t *testing.T, address string) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary(t), "serve", "--json", "--listen", address, "--public-url", publicURL,
		"--data-dir", s.dir, "--database", s.database, "--limit-address", "10000")
	cmd.Env = append(os.Environ(), "AVAIN_KEY="+s.key)
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

func freeAddress(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// kill is kill -9.
func (s *server) kill(t *testing.T) {
	t.Helper()
	if err := s.running.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.running.Wait() // killed
}

// client reaches the public URL where the server listens now. It keeps no connection:
// one of a killed server would fail the next call.
func (s *server) client() *http.Client {
	public, err := url.Parse(publicURL)
	if err != nil {
		panic(err)
	}
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == public.Host {
				s.mu.Lock()
				address = s.address
				s.mu.Unlock()
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}}
}

// binary builds avain once.
func binary(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var (
	folder string // of the binary
	build  = sync.OnceValues(func() (string, error) {
		path := filepath.Join(folder, "avain")
		out, err := exec.Command("go", "build", "-o", path, "github.com/avain-project/avain/cmd/avain").CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("build avain: %w\n%s", err, out)
		}
		return path, nil
	})
)
