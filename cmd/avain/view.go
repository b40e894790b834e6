package main

import (
	"maps"
	"slices"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/secret"
)

// The views are what --json prints. Scripts rest on them: fields are added, never
// renamed. Times are RFC 3339 in UTC, absent where there is none.

type applicationView struct {
	ClientID       string    `json:"clientId"`
	Name           string    `json:"name"`
	ReturnURLs     []string  `json:"returnUrls"`
	Public         bool      `json:"public"`
	TokenMode      bool      `json:"tokenMode"`
	CodeLifetime   string    `json:"codeLifetime"` // "1m0s"
	RevokeOnReplay bool      `json:"revokeOnReplay"`
	ProviderAuth   bool      `json:"providerAuth"`
	CrossSite      bool      `json:"crossSiteCookies"`
	Origins        []string  `json:"origins"`
	PartialGrant   string    `json:"partialGrant"`
	Alias          string    `json:"alias,omitempty"`
	Webhooks       []string  `json:"webhooks"`
	BrandColor     string    `json:"brandColor,omitempty"`
	BrandColorDark string    `json:"brandColorDark,omitempty"`
	Logo           string    `json:"logo,omitempty"` // its path on this server
	PrivacyURL     string    `json:"privacyUrl,omitempty"`
	TermsURL       string    `json:"termsUrl,omitempty"`
	RedirectURI    string    `json:"redirectUri,omitempty"` // of registrations without a relay; app show and app set tell
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt"`
}

func viewApplication(a account.Application) applicationView {
	return applicationView{
		ClientID: a.ClientID, Name: a.Name, ReturnURLs: texts(a.ReturnURLs), Public: a.Settings.Public,
		TokenMode: a.Settings.TokenMode, CodeLifetime: a.Settings.CodeLife().String(), RevokeOnReplay: a.Settings.RevokeOnReplay,
		ProviderAuth: a.Settings.ProviderAuth, CrossSite: a.Settings.CrossSite, Origins: texts(a.Settings.Origins), Alias: a.Settings.Alias,
		PartialGrant: string(a.Settings.Partial(nil)), Webhooks: texts(a.Settings.Webhooks), Logo: operator.LogoPath(a),
		BrandColor: a.Brand.Color, BrandColorDark: a.Brand.ColorDark, PrivacyURL: a.Brand.PrivacyURL, TermsURL: a.Brand.TermsURL,
		CreatedAt: utc(a.CreatedAt), UpdatedAt: utc(a.UpdatedAt),
	}
}

// secretView carries a secret that was just made, this once.
type secretView struct {
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret,omitempty"`
	Name         string `json:"name"`
}

func viewSecret(a account.Application, minted secret.Text) secretView {
	return secretView{ClientID: a.ClientID, ClientSecret: minted.Reveal(), Name: a.Name}
}

// signingSecretView carries the secret that signs an application's webhooks; absent where
// the caller has just given it.
type signingSecretView struct {
	ClientID      string `json:"clientId"`
	SigningSecret string `json:"signingSecret,omitempty"`
	Name          string `json:"name"`
}

type registrationView struct {
	Application    string        `json:"application"`
	AppClientID    string        `json:"appClientId"`
	ServiceType    string        `json:"serviceType"`
	ClientID       string        `json:"clientId"`
	Secrets        int           `json:"secrets"`                 // how many are stored
	CentreSecrets  []string      `json:"centreSecrets,omitempty"` // data centres with one of their own
	SecretExpires  time.Time     `json:"clientSecretExpires,omitzero"`
	Failing        []failureView `json:"failing,omitempty"` // where the provider refuses it
	Scopes         []string      `json:"scopes"`
	NativeScopes   []string      `json:"nativeScopes"`
	Tenant         string        `json:"tenant,omitempty"`
	Cloud          string        `json:"cloud,omitempty"` // absent: the global one
	Endpoints      endpointsView `json:"endpoints"`
	RedirectURI    string        `json:"redirectUri,omitempty"`
	RelayTarget    string        `json:"relayTarget,omitempty"` // where the relay at redirectUri must lead
	UnboundBrowser bool          `json:"unboundBrowser"`
	Current        bool          `json:"current"`
	CreatedAt      time.Time     `json:"createdAt"`
	UpdatedAt      time.Time     `json:"updatedAt"`
}

// endpointsView is account.Endpoints; an absent one is the provider's own.
type endpointsView struct {
	Authorize string `json:"authorize,omitempty"`
	Token     string `json:"token,omitempty"`
	Revoke    string `json:"revoke,omitempty"`
	Userinfo  string `json:"userinfo,omitempty"`
	API       string `json:"api,omitempty"`
	Issuer    string `json:"issuer,omitempty"`
}

// failureView is what a provider has against a registration, or one of its authorization
// servers has.
type failureView struct {
	Place   string    `json:"place,omitempty"`
	Since   time.Time `json:"since"`
	Code    string    `json:"code"`
	Cause   string    `json:"cause,omitempty"`
	Cure    string    `json:"cure,omitempty"`
	Stopped bool      `json:"stopped"` // false: it was changed since
}

func viewRegistration(r operator.Registration) registrationView {
	var failing []failureView
	for _, h := range r.Failing {
		failing = append(failing, failureView{h.Place, utc(h.Since), h.Refusal.Code, h.Refusal.Cause, h.Refusal.Cure, h.Stopped})
	}
	return registrationView{
		SecretExpires: utc(r.SecretExpires), Failing: failing,
		Application: r.Application.Name, AppClientID: r.Application.ClientID, ServiceType: string(r.ServiceType), ClientID: r.ClientID,
		Secrets: len(r.Secrets), CentreSecrets: slices.Sorted(maps.Keys(r.CentreSecrets)), Scopes: texts(r.Scopes), NativeScopes: texts(r.NativeScopes), Tenant: r.Tenant, Cloud: string(r.Cloud),
		Endpoints:   endpointsView(r.Endpoints),
		RedirectURI: r.RedirectURI, RelayTarget: r.RelayTarget, UnboundBrowser: r.UnboundBrowser, Current: r.Current,
		CreatedAt: utc(r.CreatedAt), UpdatedAt: utc(r.UpdatedAt),
	}
}

type accountView struct {
	ID             int64     `json:"id"`
	ServiceType    string    `json:"serviceType"`
	LoginString    string    `json:"loginString"`
	Email          string    `json:"email,omitempty"`
	Name           string    `json:"name,omitempty"`
	ClientOrgID    string    `json:"clientOrgId,omitempty"`
	Scopes         []string  `json:"scopes"`
	NativeScopes   []string  `json:"nativeScopes"`
	TokenStatus    string    `json:"tokenStatus"`
	TokenError     string    `json:"tokenError,omitempty"`
	TokenIssuedAt  time.Time `json:"tokenIssuedAt,omitzero"`
	AuthObtainedAt time.Time `json:"authObtainedAt,omitzero"`
	AuthExpiresAt  time.Time `json:"authExpiresAt,omitzero"`
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt"`
}

func viewAccount(a account.Account) accountView {
	return accountView{
		ID: int64(a.ID), ServiceType: string(a.ServiceType), LoginString: a.LoginString, Email: a.Identity.Email, Name: a.Identity.Name,
		ClientOrgID: a.ClientOrgID, Scopes: texts(a.Scopes), NativeScopes: texts(a.NativeScopes),
		TokenStatus: string(a.TokenStatus), TokenError: a.TokenError, TokenIssuedAt: utc(a.TokenIssuedAt),
		AuthObtainedAt: utc(a.AuthObtainedAt), AuthExpiresAt: utc(a.AuthExpiresAt), CreatedAt: utc(a.CreatedAt), UpdatedAt: utc(a.UpdatedAt),
	}
}

// utc keeps the zero time zero, and the milliseconds that the store keeps.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}

type tokenView struct {
	ID        string    `json:"id"`
	Scopes    []string  `json:"scopes"`
	Limited   bool      `json:"limited"` // issued to a browser
	CreatedAt time.Time `json:"createdAt"`
	RevokedAt time.Time `json:"revokedAt,omitzero"`
}

// deletedAccountView: grant is revoked, kept, unsupported, none or not-confirmed.
type deletedAccountView struct {
	ID    int64  `json:"id"`
	Grant string `json:"grant"`
}

func viewDeletedAccount(d operator.DeletedAccount) deletedAccountView {
	return deletedAccountView{ID: int64(d.ID), Grant: string(d.Grant)}
}

// grantText says what became of a grant at the provider.
func grantText(outcome string) string {
	switch outcome {
	case "revoked":
		return "the provider has ended the access"
	case "kept":
		return "the access stays at the provider, since another account rests on it; our copy is gone"
	case "unsupported":
		return "the provider has no way to end the access; our copy is gone, and the person can remove the consent in the provider's own settings"
	case "none":
		return "there was no access left to end"
	default:
		return "the provider did not confirm that the access has ended; our copy is gone, so end it in the provider's own settings"
	}
}
