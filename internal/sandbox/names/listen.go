package names

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/avain-project/avain/internal/sandbox/authority"
)

// Running is the small internet while it is there.
type Running struct {
	// DNS is where names are answered for, by UDP and TCP: "127.0.0.1:40001".
	DNS string
	// HTTP and HTTPS are where the sites are.
	HTTP, HTTPS string

	closers []io.Closer
	serving sync.WaitGroup
}

// Hosts are the names of the web and mail servers, for certificates.
func Hosts() []string {
	var out []string
	for _, d := range Domains() {
		for _, below := range d.hosts {
			if below != "" {
				out = append(out, below+"."+d.Name)
			}
		}
	}
	return out
}

// Listen takes free ports of a loopback host and serves them until Close.
func Listen(ctx context.Context, host string, by *authority.Authority) (*Running, error) {
	secure, err := by.Certify(Hosts()...)
	if err != nil {
		return nil, err
	}
	r := &Running{}
	if err := r.listen(ctx, host, secure); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *Running) listen(ctx context.Context, host string, secure *tls.Config) error {
	var config net.ListenConfig
	// A free port by TCP is free by UDP, too, but for bad luck.
	var names net.Listener
	var packets net.PacketConn
	var err error
	for range 10 {
		if names, err = config.Listen(ctx, "tcp", net.JoinHostPort(host, "0")); err != nil {
			break
		}
		if packets, err = config.ListenPacket(ctx, "udp", names.Addr().String()); err == nil {
			break
		}
		_ = names.Close()
	}
	if err != nil {
		return fmt.Errorf("find a free port for DNS: %w", err)
	}
	r.DNS = names.Addr().String()
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.closers = append(r.closers, names, packets, closing(stop))
	r.serving.Go(func() { serveTCP(ctx, names) })
	r.serving.Go(func() { serveUDP(packets) })
	for _, way := range []struct {
		address *string
		tls     *tls.Config
	}{{&r.HTTP, nil}, {&r.HTTPS, secure}} {
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			return fmt.Errorf("find a free port for web sites: %w", err)
		}
		*way.address = listener.Addr().String()
		if way.tls != nil {
			listener = tls.NewListener(listener, way.tls)
		}
		server := &http.Server{Handler: http.HandlerFunc(site), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
		r.closers = append(r.closers, server)
		r.serving.Go(func() { _ = server.Serve(listener) })
	}
	return nil
}

type closing context.CancelFunc

func (c closing) Close() error { c(); return nil }

// Close frees the ports.
func (r *Running) Close() error {
	var errs []error
	for _, c := range r.closers {
		errs = append(errs, c.Close())
	}
	r.serving.Wait()
	return errors.Join(errs...)
}
