package outbound_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/outbound"
)

func silent() *log.Logger { return log.New(io.Discard, "", 0) }

func TestCertificatesAreVerified(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.names["mail.example"] = [][]string{{public}}
	for name, tt := range map[string]struct {
		port   string
		config *tls.Config // nil: something else is spoken
		failed outbound.Reason
	}{
		"good":         {"2001", serving(t, n.ca, named("mail.example")), ""},
		"another name": {"2002", serving(t, n.ca, named("other.example")), outbound.CertName},
		"expired": {"2003", serving(t, n.ca, named("mail.example"), func(c *x509.Certificate) {
			c.NotAfter = time.Now().Add(-time.Minute)
		}), outbound.CertExpired},
		"not yet valid": {"2004", serving(t, n.ca, named("mail.example"), func(c *x509.Certificate) {
			c.NotBefore = time.Now().Add(time.Minute)
		}), outbound.CertExpired},
		"signed by itself": {"2005", serving(t, nil, named("mail.example")), outbound.CertUnknown},
		"for clients": {"2006", serving(t, n.ca, named("mail.example"), func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}), outbound.CertInvalid},
		"no TLS": {"2007", nil, outbound.NoTLS},
		"old":    {"2008", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, Certificates: serving(t, n.ca, named("mail.example")).Certificates}, outbound.NoTLS},
	} {
		n.listen(t, public+":"+tt.port, func(c net.Conn) {
			if tt.config == nil {
				_, _ = c.Write([]byte("* OK ready\r\n"))
				_, _ = io.Copy(io.Discard, c)
				return
			}
			if s := tls.Server(c, tt.config); s.Handshake() == nil {
				hello(s)
			}
		})
		t.Run(name, func(t *testing.T) {
			c, conn, err := n.typed().DialTLS(t.Context(), outbound.IMAP, "Mail.Example.:"+tt.port)
			if tt.failed != "" {
				failed(t, err, tt.failed)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := conn.LoggedIn(); err != nil {
				t.Error(err)
			}
			_ = c.Close()
		})
	}
}

func serving(t *testing.T, ca *tls.Certificate, change ...func(*x509.Certificate)) *tls.Config {
	t.Helper()
	return &tls.Config{Certificates: []tls.Certificate{*certificate(t, ca, change...)}}
}

func TestASilentHandshakeIsATimeout(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.listen(t, public+":993", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	n.listen(t, public+":443", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	typed := n.typed(func(c *outbound.TypedConfig) { c.TLSTimeout = 30 * time.Millisecond })
	_, _, err := typed.DialTLS(t.Context(), outbound.IMAP, public+":993")
	failed(t, err, outbound.TimedOut)
	_, err = typed.Client().Get("https://" + public)
	failed(t, err, outbound.TimedOut)
}

// A server's own certificate among the authorities is a pin: it vouches for itself, under
// the names it has, and for nobody else.
func TestACertificateIsPinned(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.names["inner.example"], n.names["mail.example"], n.names["other.example"] = [][]string{{public}}, [][]string{{public}}, [][]string{{public}}
	pinned := certificate(t, nil, named("inner.example"), signsNobody)
	renewed := certificate(t, nil, named("inner.example"), signsNobody)
	ended := certificate(t, nil, named("other.example"), signsNobody, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	forged := certificate(t, pinned, named("mail.example"))
	forged.Certificate = append(forged.Certificate, pinned.Certificate...)
	roots := x509.NewCertPool()
	roots.AddCert(pinned.Leaf)
	roots.AddCert(ended.Leaf)
	for _, tt := range []struct {
		why, address string
		shown        *tls.Certificate
		failed       outbound.Reason
	}{
		{"its own name", "inner.example:3001", pinned, ""},
		{"another name", "mail.example:3002", pinned, outbound.CertName},
		{"another certificate of that name", "inner.example:3003", renewed, outbound.CertUnknown},
		{"one that it has signed", "mail.example:3004", forged, outbound.CertUnknown},
		{"ended", "other.example:3005", ended, outbound.CertExpired},
	} {
		t.Run(tt.why, func(t *testing.T) {
			_, port, _ := net.SplitHostPort(tt.address)
			n.listen(t, public+":"+port, func(c net.Conn) {
				if s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{*tt.shown}}); s.Handshake() == nil {
					hello(s)
				}
			})
			typed := n.typed(func(c *outbound.TypedConfig) { c.Roots = roots })
			c, _, err := typed.DialTLS(t.Context(), outbound.IMAP, tt.address)
			if tt.failed != "" {
				failed(t, err, tt.failed)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_ = c.Close()
		})
	}
}

// signsNobody makes a server's certificate, and no authority's.
func signsNobody(c *x509.Certificate) {
	c.BasicConstraintsValid, c.KeyUsage, c.ExtKeyUsage = true, x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
}

// The client verifies as the dialer does.
func TestTheClientVerifiesCertificates(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	answer := func(http.ResponseWriter, *http.Request) {}
	n.names["good.example"], n.names["bad.example"] = [][]string{{public}}, [][]string{{public}}
	n.web(t, public+":443", "good.example", answer)
	res, err := n.typed().Client().Get("https://good.example/")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	_, err = n.typed().Client().Get("https://bad.example/")
	failed(t, err, outbound.CertName)
	_, err = n.typed(func(c *outbound.TypedConfig) { c.Roots = nil }).Client().Get("https://good.example/")
	failed(t, err, outbound.CertUnknown)
	later := time.Now().Add(48 * time.Hour)
	_, err = n.typed(func(c *outbound.TypedConfig) { c.Now = func() time.Time { return later } }).Client().Get("https://good.example/")
	failed(t, err, outbound.CertExpired)
}
