package logintext_test

import (
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/provider/logintext"
)

func TestTheDomainOfAnAddress(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]string{
		"ada@mail.example": "mail.example", "ada@Mail.Example.": "mail.example", "a@b@mail.example": "mail.example",
		"ada@bücher.example": "xn--bcher-kva.example",
		"":                   "", "ada": "", "@mail.example": "", "ada@": "", "ada@localhost": "", "ada@127.0.0.1": "", "ada@[::1]": "",
		"ada @mail.example": "", "Ada <ada@mail.example>": "", "ada\r\n@mail.example": "", "ada@mail.example/x": "",
		strings.Repeat("a", 320) + "@mail.example": "",
	} {
		if got, ok := logintext.Domain(email); ok != (want != "") || ok && got != want {
			t.Errorf("%.40q is of %q, %t; want %q", email, got, ok, want)
		}
	}
}

func TestWhatCanBeSent(t *testing.T) {
	t.Parallel()
	const most = len("пароль")
	for text, want := range map[string]bool{
		"": true, `a"b\c d`: true, "пароль": true, "twelve bytes": true,
		"thirteen byte": false, "a\x00b": false, "a\r\nb": false, "a\tb": false, "a\x7fb": false, "a\u0085b": false, "a\u2028b": false, "a\xffb": false,
	} {
		if got := logintext.Clean(text, most); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

func TestEscape(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"ada.l-o_v~e!$&'()*+,=1", "", "ada.l-o_v~e!$&'()*+,=1"},
		{`a;b:c@d/e?f#g%h\i é`, "", "a%3Bb%3Ac%40d%2Fe%3Ff%23g%25h%5Ci%20%C3%A9"},
		{"a;b:c", ";", "a;b%3Ac"},
	} {
		if got := logintext.Escape(c[0], c[1]); got != c[2] {
			t.Errorf("%q is %q, want %q", c[0], got, c[2])
		}
	}
}
