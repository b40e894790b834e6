package connect

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/scope"
)

// repeatable keeps a fault on our own page. Where the store could not be asked, the
// same request may come again: nothing was spent.
func repeatable(err error) Outcome {
	out := shown(err)
	if out.Fault.Code == fault.StoreUnavailable {
		out.Page, out.Reload = PageTryAgain, true
	}
	return out
}

// authorizeURL starts the same sign-in anew, on the host where the browser is. Whose
// secondary account it was to be is not repeated: a signature works once.
func (r run) authorizeURL() string {
	a := r.attempt
	path, query := AuthorizePath, url.Values{"clientId": {r.app.ClientID}, "serviceType": {string(a.ServiceType)}}
	if a.UserRole != "" {
		path = AuthorizeUserPath
		query.Set("accountRole", string(a.UserRole))
		query.Set("responseType", cmp.Or(string(a.Answer), "code"))
	}
	for name, value := range map[string]string{
		"scopes": scope.Join(a.Scopes), "nativeScopes": strings.Join(append(r.native, a.NativeScopes...), " "), "state": a.State,
		"clientOrgId": a.ClientOrgID, "loginHint": a.LoginHint, "serverUrl": a.ServerURL, "prompt": a.Prompt, "authEmail": a.AuthEmail,
		"codeChallenge": a.Challenge, "returnUrl": a.ReturnURL, "mailboxInfo": a.MailboxInfo,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if a.AccountID != 0 {
		query.Set("accountId", a.AccountID.String())
	}
	if a.TokenMode {
		query.Set("responseType", "token")
	}
	if a.Fresh {
		query.Set("recycle", "false")
	}
	if a.EnsureAccess {
		query.Set("ensureAccess", "true")
	}
	switch standard := r.app.Settings.Partial(nil); {
	case a.PartialGrant == standard:
	case a.PartialGrant == account.RefusePartial:
		query.Set("ensureScopes", "true")
	case standard == account.RefusePartial:
		query.Set("ensureScopes", "false")
	}
	if a.Issuer != "" {
		return StandardAuthorizePath + "?" + inStandardWords(query).Encode()
	}
	return path + "?" + query.Encode()
}
