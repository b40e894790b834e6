package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/outbound"
)

func TestTypedHostsSettings(t *testing.T) {
	t.Parallel()
	cfg, err := Config{
		TypedNetworks: []string{"10.20.1.2/16", "127.0.0.1", "::ffff:10.0.0.1"}, PlaintextHosts: []string{"Mail.Example.", "[::1]"},
	}.typed()
	if err != nil {
		t.Fatal(err)
	}
	want := []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.1/32")}
	if !slices.Equal(cfg.Allow, want) || !slices.Equal(cfg.Plaintext, []string{"mail.example", "::1"}) || cfg.Roots != nil {
		t.Errorf("read %+v", cfg)
	}
}

func TestTypedHostsSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	noPEM := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(noPEM, []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, cfg := range map[string]Config{
		`--typed-networks "10.0.0.0/99"`:                    {TypedNetworks: []string{"10.0.0.0/99"}},
		`--typed-networks "mail.example"`:                   {TypedNetworks: []string{"mail.example"}},
		`--typed-networks 0.0.0.0/0 is every`:               {TypedNetworks: []string{"0.0.0.0/0"}},
		`--typed-networks ::/0 is every`:                    {TypedNetworks: []string{"::/0"}},
		`--plaintext-hosts "mail.example:143"`:              {PlaintextHosts: []string{"mail.example:143"}},
		`--plaintext-hosts "10.0.0.0/8"`:                    {PlaintextHosts: []string{"10.0.0.0/8"}},
		`--plaintext-hosts ""`:                              {PlaintextHosts: []string{""}},
		`--typed-ca: open ` + noPEM + "x":                   {TypedCA: noPEM + "x"},
		`--typed-ca ` + noPEM + `: there is no certificate`: {TypedCA: noPEM},
		`--typed-resolver "10.0.0.53"`:                      {TypedResolver: "10.0.0.53"},
		`--typed-resolver "dns.example:53"`:                 {TypedResolver: "dns.example:53"},
		`--typed-resolver "10.0.0.53:0"`:                    {TypedResolver: "10.0.0.53:0"},
	} {
		_, err := cfg.typed()
		var wrong *UsageError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestDomainsAreToldToAPublicDirectoryOnlyWhereAllowed(t *testing.T) {
	t.Parallel()
	for allowed, want := range map[bool]string{false: "", true: "https://autoconfig.thunderbird.net/v1.1/"} {
		cfg, err := Config{MailISPDB: allowed, TypedResolver: "[::1]:53"}.typed()
		if err != nil || cfg.MailDirectory != want || cfg.Resolver == nil {
			t.Errorf("allowed %t: directory %q, resolver %v, %v", allowed, cfg.MailDirectory, cfg.Resolver, err)
		}
	}
}

// The operator's authority is believed beside the system's.
func TestTypedAuthority(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"mail.example"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Config{TypedCA: path}.typed()
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: cfg.Roots, DNSName: "mail.example"}); err != nil {
		t.Error(err)
	}
	system, err := x509.SystemCertPool()
	if err != nil {
		t.Fatal(err)
	}
	system.AddCert(leaf)
	if !cfg.Roots.Equal(system) {
		t.Error("the system's authorities are not believed any more")
	}
}

func TestTypedDialsAreMeasured(t *testing.T) {
	t.Parallel()
	m := newMetrics("test")
	m.typedDial("", time.Second)
	m.typedDial(outbound.AddressRefused, time.Second)
	w := httptest.NewRecorder()
	m.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{`avain_typed_dial_seconds_count{outcome="connected"} 1`, `avain_typed_dial_seconds_count{outcome="refused"} 1`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s", want)
		}
	}
}
