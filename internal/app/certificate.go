package app

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate serves a certificate from files and reads them again when they
// change, so that a renewal needs no restart.
type certificate struct {
	certFile, keyFile string
	logger            *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	changed time.Time
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed, err := newest(c.certFile, c.keyFile)
	if err == nil && c.current != nil && changed.Equal(c.changed) {
		return c.current, nil
	}
	if err == nil {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(c.certFile, c.keyFile); err == nil {
			c.current, c.changed = &pair, changed
			return c.current, nil
		}
	}
	if c.current != nil {
		// A renewal in mid-write: the old certificate serves until both files fit.
		c.logger.Warn("the new certificate cannot be read; the old one stays", "error", err)
		return c.current, nil
	}
	return nil, fmt.Errorf("read the certificate (--tls-cert, --tls-key): %w", err)
}

func newest(files ...string) (time.Time, error) {
	var latest time.Time
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			return time.Time{}, err
		}
		if info.ModTime().After(latest) {
			latest = info.ModTime()
		}
	}
	return latest, nil
}
