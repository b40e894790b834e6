package exchange

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/avain-project/avain/internal/sandbox/authority"
	"github.com/avain-project/avain/internal/sandbox/exchange/ntlm"
	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// Running is a server that listens.
type Running struct {
	// TLS is where the services are, HTTP where autodiscover sends people from to there:
	// "127.0.0.1:40001". Every host name is served alike.
	TLS, HTTP string
	// CA is the PEM of the authority to trust.
	CA []byte

	servers []*http.Server
	serving sync.WaitGroup
}

// URL is the address of a path when the server is called localhost.
func (r *Running) URL(path string) string { return "https://localhost:" + port(r.TLS) + path }

// address is the one that fits a request: people who came by a name of the domain are
// sent to the server's name there, others find everything at the name they used. A
// request without a port came through something that stands at the usual ones.
func (r *Running) address(req *http.Request, path string) string {
	host, _, err := net.SplitHostPort(req.Host)
	if err != nil {
		host = req.Host
	}
	if host == ledger.Domain || strings.HasSuffix(host, "."+ledger.Domain) {
		host = Host
	}
	if err == nil {
		host = net.JoinHostPort(host, port(r.TLS))
	}
	return "https://" + host + path
}

func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// Listen takes two free ports of a loopback host and serves them until Close.
func (s *Server) Listen(ctx context.Context, host string, by *authority.Authority) (*Running, error) {
	secure, err := by.Certify(Host, "autodiscover."+Host, AutodiscoverHost, ledger.Domain, "mail."+ledger.Domain)
	if err != nil {
		return nil, err
	}
	secure.NextProtos = []string{"http/1.1"} // NTLM does not go over HTTP/2
	hash := sha256.Sum256(secure.Certificates[0].Certificate[0])
	binding := ntlm.TLSBinding(hash[:])
	r := &Running{CA: by.PEM}
	var config net.ListenConfig
	for _, way := range []struct {
		address *string
		tls     *tls.Config
		handler func(*Running) http.Handler
	}{{&r.TLS, secure, s.handler}, {&r.HTTP, nil, s.inTheClear}} {
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("find a free port for Exchange: %w", err), r.Close())
		}
		*way.address = listener.Addr().String()
		server := &http.Server{
			Handler: way.handler(r), ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0),
			ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
				return withConnection(ctx, &connection{binding: binding})
			},
		}
		if way.tls != nil {
			listener = tls.NewListener(listener, way.tls)
		}
		r.servers = append(r.servers, server)
		r.serving.Go(func() { _ = server.Serve(listener) })
	}
	return r, nil
}

// Close ends all connections and frees the ports.
func (r *Running) Close() error {
	var errs []error
	for _, server := range r.servers {
		errs = append(errs, server.Close())
	}
	r.serving.Wait()
	return errors.Join(errs...)
}

// handler serves what a client comes for. Paths count in any case, as on Windows.
func (s *Server) handler(at *Running) http.Handler {
	ews := s.guarded(gate.EWSFront, gate.EWS, serviceFault, s.serve)
	pox := s.guarded(gate.AutodiscoverFront, gate.Autodiscover, plain, s.pox(at))
	soap := s.guarded(gate.AutodiscoverFront, gate.Autodiscover, plain, s.soap(at))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "Microsoft-IIS/10.0")
		w.Header().Set("X-FEServer", "EXCH01")
		w.Header().Set("X-Powered-By", "ASP.NET")
		switch path := strings.ToLower(r.URL.Path); {
		case path == strings.ToLower(EWSPath):
			ews(w, r)
		case path == POXPath:
			pox(w, r)
		case path == SOAPPath:
			soap(w, r)
		case path+"/" == owaPath || strings.HasPrefix(path, owaPath):
			w.Header().Set("X-OWA-Version", version)
			_, _ = io.WriteString(w, "<!doctype html><title>Outlook</title><p>Sign in to read your mail. (Sandbox: there is nothing behind it.)")
		default:
			http.NotFound(w, r)
		}
	})
}

// inTheClear sends autodiscover to where there is TLS, and refuses everything else. A
// password that comes here is counted as an attempt, for tests to see.
func (s *Server) inTheClear(at *Running) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "Microsoft-IIS/10.0")
		if r.Header.Get("Authorization") != "" {
			s.gate.Enter(Vendor, gate.EWSLogin)
		}
		if strings.ToLower(r.URL.Path) != POXPath {
			http.Error(w, "The page must be viewed over a secure channel.", http.StatusForbidden)
			return
		}
		s.gate.Play(w, r, s.gate.Enter(Vendor, gate.AutodiscoverFront), plain, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", at.address(r, POXPath))
			w.WriteHeader(http.StatusFound)
		})
	})
}
