package sandbox

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// Secure is the sandbox served over https, for what a client calls by https alone.
type Secure struct {
	URL string // without a slash at its end
	CA  []byte // the PEM of the authority to trust, the same for all of one sandbox

	server *http.Server
	served chan struct{}
}

// ListenHTTPS serves all vendors on a free port of a loopback host, "127.0.0.1", until
// Secure.Close.
func (s *Sandbox) ListenHTTPS(ctx context.Context, host string) (*Secure, error) {
	ca, err := s.ca()
	if err != nil {
		return nil, err
	}
	shown, err := ca.Certify()
	if err != nil {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	secure := &Secure{
		URL: "https://" + net.JoinHostPort("localhost", port), CA: ca.PEM, served: make(chan struct{}),
		server: &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)},
	}
	go func() {
		defer close(secure.served)
		_ = secure.server.Serve(tls.NewListener(listener, shown))
	}()
	return secure, nil
}

// Close ends all connections and frees the port.
func (s *Secure) Close() error {
	err := s.server.Close()
	<-s.served
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
