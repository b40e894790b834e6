package e2e_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/app"
)

func jsonNumber(n int64) string { return strconv.FormatInt(n, 10) }

// certFiles is a certificate and its key as files, as an operator has them.
type certFiles struct{ cert, key string }

// selfSigned is a certificate for this machine that nobody else vouches for, which
// began an hour before it ends or now, whichever is earlier.
func selfSigned(t testing.TB, serial int64, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Now()
	if until.Before(from) {
		from = until
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: from.Add(-time.Hour), NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// write makes a new certificate for 127.0.0.1; its serial number tells it apart.
// The files' time is set, since two writes may fall into one tick of the disk.
func (f certFiles) write(t *testing.T, serial int64) {
	t.Helper()
	made := selfSigned(t, serial, time.Now().Add(time.Hour))
	private, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	f.put(t, f.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made.Certificate[0]}), serial)
	f.put(t, f.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), serial)
}

func (certFiles) put(t *testing.T, name string, content []byte, serial int64) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_700_000_000+serial, 0)
	if err := os.Chtimes(name, at, at); err != nil {
		t.Fatal(err)
	}
}

// served is the serial number that a new connection meets.
func served(t *testing.T, address string) int64 {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) // the serial number is what is checked
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestTLSFromFilesThatChange(t *testing.T) {
	t.Parallel()
	w := idle(t)
	files := certFiles{filepath.Join(w.dir, "tls.crt"), filepath.Join(w.dir, "tls.key")}
	files.write(t, 1)
	r := w.launch(func(c *app.Config) { c.TLSCert, c.TLSKey = files.cert, files.key })
	t.Cleanup(func() { r.end(t) })
	address, secure := strings.CutPrefix(w.url, "https://")
	if !secure {
		t.Fatalf("the public URL is %s", w.url)
	}
	if got := served(t, address); got != 1 {
		t.Errorf("serves certificate %d", got)
	}
	files.write(t, 2)
	w.clock.advance(time.Second) // the files are looked at once a second
	if got := served(t, address); got != 2 {
		t.Errorf("after the renewal it serves certificate %d", got)
	}
	// In the middle of a renewal: half a file, a key that does not fit, no file.
	key, err := os.ReadFile(files.key)
	if err != nil {
		t.Fatal(err)
	}
	files.put(t, files.key, key[:len(key)/2], 3)
	w.clock.advance(time.Second)
	if got := served(t, address); got != 2 {
		t.Errorf("with half a key it serves certificate %d", got)
	}
	if err := os.Remove(files.cert); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(time.Second)
	if got := served(t, address); got != 2 {
		t.Errorf("without a certificate it serves %d", got)
	}
	files.write(t, 4)
	w.clock.advance(time.Second)
	if got := served(t, address); got != 4 {
		t.Errorf("when both fit again it serves certificate %d", got)
	}
	if strings.Contains(w.log.String(), string(bytes.TrimSpace(key))) {
		t.Error("the log holds the key")
	}
}

// Files that are put in place keep the times they had: each counts by itself, and
// the newest of them tells nothing.
func TestTLSNoticesEitherFile(t *testing.T) {
	t.Parallel()
	w := idle(t)
	files := certFiles{filepath.Join(w.dir, "tls.crt"), filepath.Join(w.dir, "tls.key")}
	at := func(cert, key int64) {
		for name, second := range map[string]int64{files.cert: cert, files.key: key} {
			when := time.Unix(1_700_000_000+second, 0)
			if err := os.Chtimes(name, when, when); err != nil {
				t.Fatal(err)
			}
		}
	}
	files.write(t, 1)
	at(5, 9)
	r := w.launch(func(c *app.Config) { c.TLSCert, c.TLSKey = files.cert, files.key })
	t.Cleanup(func() { r.end(t) })
	address := strings.TrimPrefix(w.url, "https://")
	files.write(t, 2)
	at(6, 9) // the key's time is the newer one, before and after
	if got := served(t, address); got != 1 {
		t.Errorf("within the same second it serves certificate %d", got)
	}
	w.clock.advance(time.Second)
	if got := served(t, address); got != 2 {
		t.Errorf("after the renewal it serves certificate %d", got)
	}
}

func TestTLSServesAndRefusesOldVersions(t *testing.T) {
	t.Parallel()
	w := idle(t)
	files := certFiles{filepath.Join(w.dir, "tls.crt"), filepath.Join(w.dir, "tls.key")}
	files.write(t, 1)
	r := w.launch(func(c *app.Config) { c.TLSCert, c.TLSKey = files.cert, files.key })
	t.Cleanup(func() { r.end(t) })
	pool := x509.NewCertPool()
	content, err := os.ReadFile(files.cert)
	if err != nil || !pool.AppendCertsFromPEM(content) {
		t.Fatal(err)
	}
	for _, http2 := range []bool{false, true} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: http2}}
		res, err := client.Get(w.url + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK || (res.ProtoMajor == 2) != http2 {
			t.Errorf("%s answers %d", res.Proto, res.StatusCode)
		}
	}
	address := strings.TrimPrefix(w.url, "https://")
	if conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil {
		_ = conn.Close()
		t.Error("TLS 1.1 was spoken")
	}
}

func TestTLSNeedsFilesThatFit(t *testing.T) {
	t.Parallel()
	w := idle(t)
	dir := w.dir
	one, other := certFiles{filepath.Join(dir, "1.crt"), filepath.Join(dir, "1.key")}, certFiles{filepath.Join(dir, "2.crt"), filepath.Join(dir, "2.key")}
	one.write(t, 1)
	other.write(t, 2)
	for name, files := range map[string]certFiles{
		"no key": {one.cert, ""}, "no certificate": {"", one.key}, "another's key": {one.cert, other.key}, "no such file": {one.cert, one.key + "x"},
		"swapped": {one.key, one.cert},
	} {
		opened, err := app.Open(t.Context(), app.Config{
			Database: w.database, Key: w.key, Listen: "127.0.0.1:0", TLSCert: files.cert, TLSKey: files.key,
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = opened.Listen(t.Context())
		var usage *app.UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), "--tls-") {
			t.Errorf("%s: %v", name, err)
		}
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	}
}
