package app

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookEvery is how often the files are looked at; handshakes come more often.
const lookEvery = time.Second

// certificate serves a certificate from files and reads them again when either of
// them changes, so that a renewal needs no restart.
type certificate struct {
	certFile, keyFile string
	logger            *slog.Logger
	now               func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	written fileTimes // of the files that current was read from
	looked  time.Time
}

// fileTimes are when certificate and key were written.
type fileTimes struct{ cert, key time.Time }

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.current != nil && now.Sub(c.looked) < lookEvery {
		return c.current, nil
	}
	c.looked = now
	if err := c.look(); err != nil {
		if c.current == nil {
			return nil, fmt.Errorf("read the certificate (--tls-cert, --tls-key): %w", err)
		}
		// A renewal in mid-write: the old certificate serves until both files fit.
		c.logger.Warn("the new certificate cannot be read; the old one stays", "error", err)
	}
	return c.current, nil
}

// look reads the files if they are not those that are served.
func (c *certificate) look() error {
	cert, err := os.Stat(c.certFile)
	if err != nil {
		return err
	}
	key, err := os.Stat(c.keyFile)
	if err != nil {
		return err
	}
	written := fileTimes{cert.ModTime(), key.ModTime()}
	if c.current != nil && written == c.written {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.current, c.written = &pair, written
	return nil
}
