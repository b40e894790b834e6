package discovery

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/provider"
)

func TestClientConfig(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("testdata", "hoster.xml"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseClientConfig(data, "example.com")
	if err != nil {
		t.Fatal(err)
	}
	want := clientConfig{
		incoming: []entry{
			{provider.Server{Protocol: "imap", Host: "imap.example.com", Port: 993, Security: provider.SecurityTLS}, ""},
			{provider.Server{Protocol: "imap", Host: "imap.hoster.test", Port: 143, Security: provider.SecuritySTARTTLS}, "%EMAILLOCALPART%"},
		},
		outgoing: []entry{{provider.Server{Protocol: "smtp", Host: "smtp.hoster.test", Port: 587, Security: provider.SecuritySTARTTLS}, "%EMAILLOCALPART%.%EMAILDOMAIN%"}},
		oauth:    []string{"oauth.hoster.test"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(clientConfig{}, entry{})); diff != "" {
		t.Error(diff)
	}
}

func TestLoginNames(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"": "ada@example.com", "%EMAILADDRESS%": "ada@example.com", "%EMAILLOCALPART%": "ada", "%EMAILLOCALPART%@%EMAILDOMAIN%": "ada@example.com",
		"box-%EMAILLOCALPART%": "box-ada", "%EMAILLOCALPART%+%EMAILDOMAIN%": "ada+example.com",
		"root": "none", "%EMAILDOMAIN%": "none", "%EMAILLOCALPART% x": "none", "%EMAILLOCALPART%\r\n": "none", "%USER%%EMAILLOCALPART%": "none", "é%EMAILLOCALPART%": "none",
		strings.Repeat("x", 200) + "%EMAILLOCALPART%": "none",
	} {
		name, ok := loginName(template)
		got := "none"
		if ok {
			got = Found{LoginName: name}.Username("ada@example.com")
		}
		if got != want {
			t.Errorf("%q: %q, want %q", template, got, want)
		}
	}
}

// A good file in bad company is refused as a whole.
func TestXMLThatIsNotRead(t *testing.T) {
	t.Parallel()
	const good = `<emailProvider><incomingServer type="imap"><hostname>imap.example.com</hostname><port>993</port><socketType>SSL</socketType></incomingServer></emailProvider>`
	if _, err := parseClientConfig([]byte("<clientConfig>"+good+"</clientConfig>"), "example.com"); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"a document type":    `<!DOCTYPE clientConfig SYSTEM "https://evil.test/x.dtd"><clientConfig>` + good + `</clientConfig>`,
		"many elements":      `<clientConfig>` + good + strings.Repeat("<a/>", maxElements) + `</clientConfig>`,
		"depth":              `<clientConfig>` + good + strings.Repeat("<a>", maxDepth) + strings.Repeat("</a>", maxDepth) + `</clientConfig>`,
		"two roots":          `<clientConfig>` + good + `</clientConfig><clientConfig/>`,
		"an entity":          `<clientConfig>&x;` + good + `</clientConfig>`,
		"no end":             `<clientConfig>` + good,
		"much":               `<clientConfig>` + good + strings.Repeat(" ", 256<<10) + `</clientConfig>`,
		"an element of none": `<config>` + good + `</config>`,
	} {
		if got, err := parseClientConfig([]byte(file), "example.com"); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Whatever a stranger publishes: no panic, and only servers that a password may go to.
func FuzzClientConfig(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.xml"))
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parseClientConfig(data, "example.com")
		if err != nil && (len(file.incoming) > 0 || len(err.Error()) > 1000) {
			t.Errorf("beside the error: %+v, %v", file, err)
		}
		if len(file.incoming) > maxEntries || len(file.outgoing) > maxEntries {
			t.Errorf("%d and %d entries", len(file.incoming), len(file.outgoing))
		}
		for _, e := range append(file.incoming, file.outgoing...) {
			s := e.server
			if host, err := serverName(s.Host, "example.com"); err != nil || host != s.Host || s.Port < 1 || s.Port > 65535 || s.Port == 25 ||
				(s.Security != provider.SecurityTLS && s.Security != provider.SecuritySTARTTLS) {
				t.Errorf("%+v", s)
			}
			if _, ok := loginName(e.loginName); !ok {
				t.Errorf("login name %q", e.loginName)
			}
		}
	})
}
