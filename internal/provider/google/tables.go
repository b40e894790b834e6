package google

import (
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
)

const auth = "https://www.googleapis.com/auth/"

// scopes: developers.google.com/workspace/gmail/api/auth/scopes and
// developers.google.com/identity/protocols/oauth2/scopes.
var scopes = provider.ScopeMap{
	Always: []string{"openid", "email", "profile"},
	Native: map[scope.Scope][]string{
		scope.MailRead:          {auth + "gmail.readonly"},
		scope.MailReadWrite:     {auth + "gmail.modify"},
		scope.MailSend:          {auth + "gmail.send"},
		scope.MailDrafts:        {auth + "gmail.compose"},
		scope.MailAll:           {"https://mail.google.com/"},
		scope.CalendarRead:      {auth + "calendar.readonly"},
		scope.CalendarReadWrite: {auth + "calendar"},
		scope.ContactsRead:      {auth + "contacts.readonly"},
		scope.ContactsReadWrite: {auth + "contacts"},
		scope.TasksRead:         {auth + "tasks.readonly"},
		scope.TasksReadWrite:    {auth + "tasks"},
	},
	// Google takes the short names and reports the long ones.
	Canonical: map[string]string{"email": auth + "userinfo.email", "profile": auth + "userinfo.profile"},
}

// direct: each API's own page names its service endpoint; what is not listed is
// served by the common host.
var direct = provider.Direct{
	Hosts: []provider.DirectHost{
		{Prefix: "", Base: "https://www.googleapis.com/"},
		{Prefix: "gmail/", Base: "https://gmail.googleapis.com/"},
		{Prefix: "upload/gmail/", Base: "https://gmail.googleapis.com/"},
		{Prefix: "resumable/upload/gmail/", Base: "https://gmail.googleapis.com/"},
		{Prefix: "batch/gmail/", Base: "https://gmail.googleapis.com/"},
		{Prefix: "tasks/", Base: "https://tasks.googleapis.com/"},
		{Prefix: "v1/people", Base: "https://people.googleapis.com/"},
		{Prefix: "v1/contactGroups", Base: "https://people.googleapis.com/"},
		{Prefix: "v1/otherContacts", Base: "https://people.googleapis.com/"},
	},
	RequestHeaders: []string{
		"X-Goog-Fieldmask", "X-Upload-Content-Type", "X-Upload-Content-Length", "X-Goog-Upload-Protocol",
		"X-Goog-Upload-Command", "X-Goog-Upload-Offset",
	},
	ResponseHeaders: []string{
		"X-Goog-Upload-Status", "X-Goog-Upload-Url", "X-Goog-Upload-Size-Received", "X-Goog-Upload-Chunk-Granularity",
		"X-Guploader-Uploadid",
	},
}

const again = "the person connects the account again"

// troubles: developers.google.com/identity/protocols/oauth2 ("Refresh token
// expiration", "Errors"), and reference notes of other brokers for invalid_rapt.
var troubles = []provider.Trouble{
	{Code: "invalid_grant", Subtype: "invalid_rapt", Class: provider.User, Cause: "the organization's session control wants the person to sign in again", Cure: again + "; a Workspace administrator can trust the application to end this"},
	{Code: "invalid_grant", Class: provider.Dead, Cause: "the access was removed, unused for six months, ended by a password change, or the Google project is still in Testing (7 days)", Cure: again},
	{Code: provider.CodeAccessDenied, Class: provider.User, Cause: "the person, or the organization's rules, declined the access", Cure: "start again and allow the access"},
	{Code: "interaction_required", Class: provider.User, Cause: "Google must show a page and was told not to (prompt=none)", Cure: "start again without prompt=none"},
	{Code: "login_required", Class: provider.User, Cause: "nobody is signed in at Google and prompt=none forbids asking", Cure: "start again without prompt=none"},
	{Code: "consent_required", Class: provider.User, Cause: "the person has not consented yet and prompt=none forbids asking", Cure: "start again without prompt=none"},
	{Code: "admin_policy_enforced", Class: provider.Admin, Cause: "the Workspace administrator does not allow this application or these scopes", Cure: "an administrator trusts the application in the Admin console"},
	{Code: "org_internal", Class: provider.Admin, Cause: "the Google project admits accounts of its own organization only", Cure: "use such an account, or set the consent screen to External"},
	{Code: "invalid_client", Class: provider.Config, Cause: "the client id or secret is wrong", Cure: "enter both again (avain registration set)"},
	{Code: "deleted_client", Class: provider.Config, Cause: "the OAuth client was deleted at Google", Cure: "restore it in the Google console where that is offered, or make a new one"},
	{Code: "unauthorized_client", Class: provider.Config, Cause: "the client may not use this grant", Cure: "make a client of type Web application"},
	{Code: "redirect_uri_mismatch", Class: provider.Config, Cause: "the redirect URI is not registered at Google", Cure: "register the one that avain doctor prints"},
	{Code: "invalid_scope", Class: provider.Config, Cause: "a scope does not exist or its API is not enabled", Cure: "check nativeScopes and enable the API in the Google project"},
	{Code: "invalid_request", Class: provider.Config, Cause: "Google did not accept the form of the request", Cure: "check the registration's redirect URI and endpoints"},
	{Code: "internal_failure", Class: provider.Later, Cause: "Google has trouble", Cure: "try again later"},
	{Code: "server_error", Class: provider.Later, Cause: "Google has trouble", Cure: "try again later"},
	{Code: "temporarily_unavailable", Class: provider.Later, Cause: "Google has trouble", Cure: "try again later"},
}
