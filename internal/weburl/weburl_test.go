package weburl_test

import (
	"testing"

	"github.com/avain-project/avain/internal/weburl"
)

func TestLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "127.0.0.1": true, "127.8.9.1": true, "::1": true,
		"": false, "localhost.app.example": false, "0.0.0.0": false, "127.1": false, "10.0.0.1": false, "[::1]": false,
	} {
		if got := weburl.Loopback(host); got != want {
			t.Errorf("Loopback(%q) = %t", host, got)
		}
	}
}

func TestOriginIsWrittenAsBrowsersDo(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://App.Example/a?b":    "https://app.example",
		"HTTPS://app.example:443/":   "https://app.example",
		"https://app.example:80":     "https://app.example:80",
		"http://app.example:80/":     "http://app.example",
		"http://app.example:443":     "http://app.example:443",
		"http://[::80]/":             "http://[::80]",
		"http://[::1]:80/":           "http://[::1]",
		"https://app.example:/":      "https://app.example",
		"http://localhost:8080/back": "http://localhost:8080",
		"myapp://connected":          "",
		"https:///nohost":            "",
		"https:nohost":               "",
		"%zz":                        "",
		"":                           "",
		"null":                       "",
	} {
		if got := weburl.Origin(raw); got != want {
			t.Errorf("Origin(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestDangerousSchemes(t *testing.T) {
	t.Parallel()
	for scheme, want := range map[string]bool{"javascript": true, "JavaScript": true, "intent": true, "wss": true, "https": false, "myapp": false} {
		if got := weburl.Dangerous(scheme); got != want {
			t.Errorf("Dangerous(%q) = %t", scheme, got)
		}
	}
}
