package salesforce_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

// The person is org and user together, in the long form of their ids.
func TestIdentityIsOrgAndUser(t *testing.T) {
	t.Parallel()
	want := account.Identity{Subject: org + "/" + user, OrgID: org, Email: "ada@acme.example", EmailVerified: true, Name: "Ada Lovelace"}
	for name, change := range map[string]func(*vendor){
		"as it comes":             func(*vendor) {},
		"short ids in userinfo":   func(v *vendor) { v.who["organization_id"], v.who["user_id"] = org[:15], user[:15] },
		"short ids in the id":     func(v *vendor) { v.token["id"] = "https://test.salesforce.com/id/" + org[:15] + "/" + user[:15] },
		"no id beside the tokens": func(v *vendor) { delete(v.token, "id") },
	} {
		v := newVendor()
		change(v)
		_, who, err := v.exchange(t, registration(""))
		if d := cmp.Diff(want, who); err != nil || d != "" {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
	v := newVendor()
	v.who["email_verified"] = false
	if _, who, err := v.exchange(t, registration("")); err != nil || who.EmailVerified {
		t.Errorf("an address that nobody has verified: %+v, %v", who, err)
	}
}

func TestAnIdentityThatIsNone(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*vendor){
		"no org":                  func(v *vendor) { delete(v.who, "organization_id") },
		"no user":                 func(v *vendor) { delete(v.who, "user_id") },
		"another kind of org":     func(v *vendor) { v.who["organization_id"] = "001300000012Q9PAAU"; delete(v.token, "id") },
		"user and org at swap":    func(v *vendor) { v.who["organization_id"], v.who["user_id"] = user, org; delete(v.token, "id") },
		"a slash in the org":      func(v *vendor) { v.who["organization_id"] = "00D30000000/iTz" },
		"too short":               func(v *vendor) { v.who["user_id"] = "00530000001" },
		"16 characters":           func(v *vendor) { v.who["user_id"] = user[:16] },
		"letters of another case": func(v *vendor) { v.who["user_id"] = "005300000012q9pAAU"; delete(v.token, "id") },
		"somebody else's id":      func(v *vendor) { v.token["id"] = "https://login.salesforce.com/id/" + org + "/005300000012Q9Q" },
		"another org's id":        func(v *vendor) { v.token["id"] = "https://login.salesforce.com/id/00D300000000iTa/" + user },
		"an id of one part":       func(v *vendor) { v.token["id"] = user },
		"an id that is none":      func(v *vendor) { v.token["id"] = "::" },
	} {
		v := newVendor()
		change(v)
		tokens, who, err := v.exchange(t, registration(""))
		var e *provider.Error
		if !errors.As(err, &e) || e.Code != provider.CodeMalformed || who.Subject != "" || !tokens.Access.IsZero() {
			t.Errorf("%s: %+v, %v", name, who, err)
		}
	}
}

// The identity endpoint has words of its own for a token that it refuses, and those
// of the API for a limit.
func TestHowTheIdentityIsRefused(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]struct {
		class provider.Class
		code  string
	}{
		"Bad_OAuth_Token\n":   {provider.User, provider.CodeUnauthorized},
		"Missing_OAuth_Token": {provider.User, provider.CodeUnauthorized},
		"Wrong_Org":           {provider.User, provider.CodeUnauthorized},
		`[{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]`:        {provider.User, provider.CodeUnauthorized},
		`[{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]`: {provider.Later, "REQUEST_LIMIT_EXCEEDED"},
		`[{"message": "Who knows", "errorCode": "BRAND_NEW"}]`:                                  {provider.Later, "BRAND_NEW"},
		`[]`:                    {provider.Later, provider.CodeMalformed},
		"<html>Bad_OAuth_Token": {provider.Later, provider.CodeMalformed},
	} {
		v := newVendor()
		v.denied = body
		err := v.driver().Ping(t.Context(), registration(""), provider.Tokens{Access: secret.New("a"), Place: provider.Place{API: instance}})
		var e *provider.Error
		if !errors.As(err, &e) || e.Class != want.class || e.Code != want.code {
			t.Errorf("%s: %v", body, err)
		}
	}
	v := newVendor()
	err := v.driver().Ping(t.Context(), registration(""), provider.Tokens{Access: secret.New("a"), Place: provider.Place{API: "https://evil.example"}})
	var e *provider.Error
	if !errors.As(err, &e) || e.Code != provider.CodeStrangeHost || len(v.requests) > 0 {
		t.Errorf("at an instance that is not believed: %v, %v", v.requests, err)
	}
}
