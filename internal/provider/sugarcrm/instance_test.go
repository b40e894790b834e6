package sugarcrm

import (
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

func TestAnInstanceHasOneSpelling(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"acme.sugarondemand.com":                                "https://acme.sugarondemand.com",
		" HTTPS://Acme.SugarOnDemand.com/ ":                     "https://acme.sugarondemand.com",
		"https://acme.sugarondemand.com/#Accounts/1":            "https://acme.sugarondemand.com",
		"https://acme.sugarondemand.com:443/rest/v11/me":        "https://acme.sugarondemand.com",
		"https://crm.example:8443/sugar/index.php?module=Users": "https://crm.example:8443/sugar",
		"https://acme.sugarondemand.com:0443":                   "https://acme.sugarondemand.com",
		"https://crm.example:08443/sugar":                       "https://crm.example:8443/sugar",
		"https://crm.example:99999":                             "",
		"https://crm.example:0":                                 "",
		"crm.example/sugar/../crm/":                             "https://crm.example/crm",
		"https://[2001:db8::1]:8443":                            "https://[2001:db8::1]:8443",
		"https://[2001:db8::1]/sugar":                           "https://[2001:db8::1]/sugar",
		"bücher.example":                                        "https://xn--bcher-kva.example",
		"http://crm.example":                                    "",
		"ftp://crm.example":                                     "",
		"https://ada@crm.example":                               "",
		"https://crm.example/a%2fb":                             "",
		"https://crm.example/a b":                               "",
		"https://crm.example/;x":                                "",
		"https://":                                              "",
		"":                                                      "",
		"https://127.1":                                         "",
		"https://crm.example/" + strings.Repeat("a", 300):       "",
	} {
		got, err := instance(typed)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", typed, got, err)
			continue
		}
		if again, err := instance(got); got != "" && (again != got || err != nil) {
			t.Errorf("%q is read as %q, %v", got, again, err)
		}
		if got == "" {
			continue
		}
		if kept, err := typedInstances().Believe(account.Registration{}, got); kept != got || err != nil {
			t.Errorf("%q is kept as %q, %v", got, kept, err)
		}
	}
}

// Logins are counted by host: what stands behind it can be written in many ways.
func TestAHostHasOneCount(t *testing.T) {
	t.Parallel()
	driver := New(outbound.New(outbound.Config{}))
	for _, server := range []string{"crm.example", "CRM.example.:0443", "https://crm.example/Sugar", "https://crm.example:8443/sugar/index.php"} {
		got := driver.Mailboxes(provider.Form{Values: map[string]string{fieldServer: server, fieldUsername: " Ada "}})
		if len(got) != 1 || got[0] != "ada@crm.example" {
			t.Errorf("%s counts as %q", server, got)
		}
	}
}

// A token of the identity service goes to instances of the cloud alone, whoever announces
// it, and the person to a service of SugarCRM's alone.
func TestOnlyTheCloudIsBelieved(t *testing.T) {
	t.Parallel()
	const service, cloud = "https://sts-us-west-2.service.sugarcrm.com", "https://acme.sugarondemand.com"
	driver := New(outbound.New(outbound.Config{}))
	for _, c := range []struct {
		service, instance string
		believed          bool
	}{
		{service, cloud, true},
		{service, "https://acme.sugaropencloud.eu", true},
		{service, "https://evil.example", false},
		{service, "https://acme.sugarondemand.com.evil.example", false},
		{service, "https://acme-sugarondemand.com", false},
		{service, "https://acme.sugarondemand.com/path", false},
		{service, "https://acme.sugarondemand.com:8443", false},
		{"https://evil.example", cloud, false},
		{"https://service.sugarcrm.com.evil.example", cloud, false},
		{"https://sts-us-west-2.service.sugarcrm.com@evil.example", cloud, false},
		{"http://sts-us-west-2.service.sugarcrm.com", cloud, false},
		{"", cloud, false},
		{service, "", false},
		{cloud, cloud, false}, // a grant of the instance itself
	} {
		where := provider.Place{Accounts: c.service, API: c.instance}
		page, err := driver.AuthorizeURL(account.Registration{ClientID: "srn:cloud:iam:eu:1:app:web:x"}, provider.AuthRequest{Place: where, State: "s"})
		if (err == nil) != c.believed || c.believed && !strings.HasPrefix(page, service+"/oauth2/auth?") {
			t.Errorf("%+v: %s, %v", where, page, err)
		}
		_, _, err = driver.Exchange(t.Context(), account.Registration{}, provider.Callback{Place: where, Params: url.Values{"error": {"access_denied"}}, Verifier: secret.New("v")})
		if told, _ := err.(*provider.Error); c.believed != (told != nil && told.Code == provider.CodeAccessDenied) { //nolint:errorlint // as it comes
			t.Errorf("callback at %+v: %v", where, err)
		}
	}
}

func TestAPlatformIsANameOfOnesOwn(t *testing.T) {
	t.Parallel()
	driver := New(outbound.New(outbound.Config{}))
	for name, good := range map[string]bool{"": true, "avain": true, "acme_2-b": true, "base": false, "mobile": false, "portal": false, "a b": false, "a.b": false, strings.Repeat("a", 128): false} {
		if err := driver.CheckTenant(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// A line behind one that takes every text of its code would never be reached.
func TestEveryLineOfTheTablesIsReached(t *testing.T) {
	t.Parallel()
	for _, table := range [][]provider.Trouble{atInstance(), atIdentityService()} {
		whole := map[string]bool{}
		for _, line := range table {
			if whole[line.Code] {
				t.Errorf("%s %q stands behind the line for all of %s", line.Code, line.Subtype, line.Code)
			}
			whole[line.Code] = line.Subtype == ""
			if len(line.Steps) > 0 && line.Class != provider.Admin {
				t.Errorf("%s %q has steps for nobody", line.Code, line.Subtype)
			}
		}
	}
}
