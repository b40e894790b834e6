package salesforce_test

import (
	"net/url"
	"testing"

	"github.com/avain-project/avain/internal/provider"
)

// prompt=none would make it impossible to ask again.
func TestWhatSalesforceIsToldOfThePerson(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		prompt string
		force  bool
		want   string
	}{
		{"", false, ""},
		{"login", false, "login"},
		{"none", false, "none"},
		{"", true, "consent"},
		{"none", true, "consent"},
		{"login select_account", true, "login select_account consent"},
		{"consent", true, "consent"},
	} {
		page, err := newVendor().driver().AuthorizeURL(registration(""), provider.AuthRequest{
			Prompt: test.prompt, ForceConsent: test.force, LoginHint: "ada@acme.example",
		})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(page)
		if err != nil || u.Query().Get("prompt") != test.want || u.Query().Has("prompt") != (test.want != "") || u.Query().Get("login_hint") != "ada@acme.example" {
			t.Errorf("prompt %q, forced %t: %s", test.prompt, test.force, page)
		}
	}
}
