package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/weburl"
)

func checkLoopback(listen string) error {
	if listen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return &app.UsageError{Err: fmt.Errorf("--listen %q: write host:port", listen)}
	}
	if !weburl.Loopback(host) {
		return &app.UsageError{Err: fmt.Errorf("--listen %s: the demo serves loopback addresses only, since its sandbox lets anybody sign in", listen)}
	}
	return nil
}

// listeners are the sockets, taken before anything is served, so that every
// address is known.
type listeners struct {
	listen                string // where the server shall listen
	sample, sandbox       net.Listener
	sampleURL, sandboxURL string
}

func listenAll(ctx context.Context, listen, sampleListen string) (*listeners, error) {
	// Whether the preferred port is free is found out by taking it once.
	if listen == "" {
		probe, err := take(ctx, preferredListen)
		if err != nil {
			return nil, err
		}
		listen = probe.Addr().String()
		if err := probe.Close(); err != nil {
			return nil, fmt.Errorf("release %s: %w", listen, err)
		}
	}
	if sampleListen == "" {
		sampleListen = preferredSample
	}
	l := &listeners{listen: listen}
	var err error
	if l.sample, err = take(ctx, sampleListen); err != nil {
		return nil, err
	}
	if l.sandbox, err = take(ctx, preferredSandbox); err != nil {
		l.close()
		return nil, err
	}
	l.sampleURL, l.sandboxURL = called(l.sample), called(l.sandbox)
	return l, nil
}

// take listens on the address, or on a free port of its host.
func take(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err == nil {
		return listener, nil
	}
	host, _, _ := net.SplitHostPort(address)
	if listener, err = config.Listen(ctx, "tcp", net.JoinHostPort(host, "0")); err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	return listener, nil
}

// called is the address of a listener. 127.0.0.1 goes by its name, so that it is
// another host than the server: ports of one host share their cookies.
func called(l net.Listener) string {
	host, port, _ := net.SplitHostPort(l.Addr().String())
	if host == "127.0.0.1" {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

func (l *listeners) close() {
	for _, listener := range []net.Listener{l.sample, l.sandbox} {
		if listener != nil {
			_ = listener.Close()
		}
	}
}

// serveUntil serves until ctx ends; release first lets go of what hangs.
func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler, release func()) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		release()
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if server.Shutdown(within) != nil {
			_ = server.Close()
		}
	}()
	err := server.Serve(listener)
	if errors.Is(err, http.ErrServerClosed) {
		<-stopped
		return nil
	}
	return fmt.Errorf("serve %s: %w", listener.Addr(), err)
}
