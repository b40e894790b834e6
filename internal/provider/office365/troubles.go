package office365

import (
	"fmt"

	"github.com/avain-project/avain/internal/provider"
)

// row is a line of the error table. The error code comes first; among lines of one
// code, a number tells more where the answer has it. A number under another code
// means nothing: Microsoft changes them (reference-error-codes).
type row struct {
	codes       []string
	numbers     []int // AADSTS; none: whatever the number
	class       provider.Class
	cause, cure string
}

const (
	signInAgain = "the person connects the account again"
	askAdmin    = "an administrator of the organization admits the application (admin consent)"
	soon        = "try again later"
)

// refusals are the codes by which a person's sign-in or grant is refused.
func refusals() []string {
	return []string{"invalid_grant", "interaction_required", "consent_required", "access_denied", "unauthorized_client"}
}

// rows: learn.microsoft.com/entra/identity-platform/reference-error-codes for the
// numbers, …/v2-oauth2-auth-code-flow for the codes; 90093 to 90095 from
// learn.microsoft.com/entra/identity/enterprise-apps/application-sign-in-unexpected-user-consent-error.
func rows() []row {
	return []row{
		{refusals(), []int{90093, 90094, 90095, 900941}, provider.Admin, "the organization lets only an administrator admit this application", askAdmin},
		{refusals(), []int{650052, 650056}, provider.Admin, "a service that the application needs is not enabled, or not admitted, in the organization", askAdmin},
		{refusals(), []int{50105}, provider.Admin, "the application is open to assigned people only, and this person is not among them", "an administrator assigns the person to the application"},
		{refusals(), []int{53003}, provider.Admin, "a Conditional Access policy of the organization blocks the access", "an administrator looks at the policy in the sign-in log"},
		{refusals(), []int{500212, 500213}, provider.Admin, "the organization does not let its people, or others, into this tenant", "an administrator changes the cross-tenant access"},
		{refusals(), []int{50072, 50074, 50076, 50078, 50079, 50158, 53004}, provider.User, "Microsoft wants a second factor", signInAgain},
		{refusals(), []int{53000, 53001, 53002}, provider.User, "a Conditional Access policy wants another device or application", signInAgain + " from a device that the organization allows"},
		{refusals(), []int{50085}, provider.User, "Microsoft wants the person to sign in again", signInAgain},
		{[]string{"invalid_grant", "interaction_required", "consent_required"}, []int{65001}, provider.User, "the access was not consented to, or the consent was withdrawn", signInAgain + "; where the organization forbids that, an administrator must"},

		{[]string{"invalid_grant"}, []int{40010, 50033, 50087, 50088, 70012, 80002, 80005}, provider.Later, "Microsoft has trouble", soon},
		{[]string{"invalid_grant", "invalid_request"}, []int{50196}, provider.Later, "Microsoft sees the same request again and again", "wait; if it stays, look for a caller in a loop"},
		{[]string{"invalid_grant"}, []int{50173}, provider.Dead, "the person or an administrator ended the access, or the password was reset", signInAgain},
		{[]string{"invalid_grant"}, []int{70008, 700082}, provider.Dead, "the access was not used for 90 days", signInAgain},
		{[]string{"invalid_grant"}, []int{700084}, provider.Dead, "the redirect URI is registered as Single-page application, whose access ends after 24 hours", "register it as Web, then " + signInAgain},
		{[]string{"invalid_grant"}, []int{70043}, provider.Dead, "the organization wants people to sign in again from time to time", signInAgain},
		{[]string{"invalid_grant"}, []int{50055, 50132, 50133, 50144}, provider.Dead, "the password was changed or has expired", signInAgain},
		{[]string{"invalid_grant"}, []int{50057, 50034}, provider.Dead, "the person's account is disabled or gone", "an administrator of the organization looks at the account"},
		{[]string{"invalid_grant"}, nil, provider.Dead, "the access was ended, has expired or was not used for 90 days", signInAgain},

		{[]string{provider.CodeAccessDenied}, nil, provider.User, "the person declined, or came back from a page that asks for an administrator's approval", "start again and allow the access"},
		{[]string{"interaction_required"}, nil, provider.User, "Microsoft must show a page", "sign in again, without prompt=none"},
		{[]string{"login_required"}, nil, provider.User, "nobody is signed in at Microsoft and prompt=none forbids asking", "start again without prompt=none"},
		{[]string{"consent_required"}, nil, provider.User, "the person has not consented yet", "start again without prompt=none"},

		{[]string{"invalid_client"}, []int{7000222}, provider.Config, "the client secret has expired", "make a new one in Entra and enter it (avain registration set)"},
		{[]string{"invalid_client"}, []int{7000215, 70002}, provider.Config, "the client secret is wrong: perhaps its id was entered in place of its value", "enter the secret's value (avain registration set)"},
		{[]string{"invalid_client"}, []int{700025}, provider.Config, "the redirect URI is registered for a public client, which has no secret", "register it as Web"},
		{[]string{"invalid_client"}, nil, provider.Config, "the client id or secret is wrong", "enter both again (avain registration set)"},
		{[]string{"invalid_request", "unauthorized_client"}, []int{50194}, provider.Config, "the application is for one tenant, and was asked for any", "name the tenant (avain registration set --tenant), or make the application multi-tenant"},
		{[]string{"unauthorized_client"}, []int{700016, 700011}, provider.Config, "the application is not known in this tenant, or in this cloud", "check client id, tenant and cloud (avain registration set)"},
		{[]string{"unauthorized_client"}, nil, provider.Config, "the application is disabled, or not allowed to do this", "look at the app registration in Entra"},
		{[]string{"invalid_request"}, []int{50011}, provider.Config, "the redirect URI is not registered", "register the one that avain doctor prints"},
		{[]string{"invalid_request"}, nil, provider.Config, "Microsoft did not accept the form of the request", "check redirect URI, tenant and endpoints of the registration"},
		{[]string{"invalid_scope"}, nil, provider.Config, "a scope does not exist", "check nativeScopes"},
		{[]string{"invalid_resource"}, nil, provider.Config, "a scope names a service that the tenant does not have", "check nativeScopes and the API permissions in Entra"},
		{[]string{"unsupported_grant_type", "unsupported_response_type"}, nil, provider.Config, "the application may not use this flow", "register the redirect URI as Web"},

		{[]string{"temporarily_unavailable", "server_error"}, nil, provider.Later, "Microsoft has trouble", soon},
	}
}

// troubles writes the table out, one line for each code and number. The colon keeps
// AADSTS70008 from being found in AADSTS700082.
func troubles() []provider.Trouble {
	var lines []provider.Trouble
	for _, r := range rows() {
		for _, code := range r.codes {
			line := provider.Trouble{Code: code, Class: r.class, Cause: r.cause, Cure: r.cure}
			if len(r.numbers) == 0 {
				lines = append(lines, line)
			}
			for _, n := range r.numbers {
				line.Subtype = fmt.Sprintf("AADSTS%d:", n)
				lines = append(lines, line)
			}
		}
	}
	return lines
}
