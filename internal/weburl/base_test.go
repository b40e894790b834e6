package weburl_test

import (
	"testing"

	"github.com/avain-project/avain/internal/weburl"
)

func TestBaseIsSchemeAndHost(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://avain.example": "https://avain.example", "https://avain.example/": "https://avain.example",
		"HTTPS://avain.example:443//": "https://avain.example", "http://avain.example:80": "http://avain.example",
		"http://[::1]:8080": "http://[::1]:8080", "https://avain.example:": "https://avain.example",
		"https://avain.example/a": "", "https://avain.example?": "", "https://avain.example?a": "", "https://avain.example#": "",
		"https://me@avain.example": "", "https://": "", "https://:8080": "", "avain.example": "", "ftp://avain.example": "", "": "", "%": "",
	} {
		got, err := weburl.Base(raw)
		if (err != nil) != (want == "") || err == nil && got.String() != want {
			t.Errorf("Base(%q) = %v, %v; want %q", raw, got, err, want)
		}
	}
}
