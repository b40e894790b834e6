package sugarcrm

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
)

const (
	signInAgain = "the person connects the account again"
	soon        = "try again later"
	askAdmin    = "an administrator of the SugarCRM instance registers it, under Admin, Configure API Platforms"
)

// CodePlatform: the instance does not know our platform.
const CodePlatform = "platform_not_registered"

// register is what an administrator does about a platform that the instance does not
// know (sugarclub.sugarcrm.com, "Unknown platforms to be restricted").
func register() []string {
	return []string{
		"In SugarCRM, open Admin as an administrator.",
		"Under Developer Tools, open Configure API Platforms.",
		"Type the platform's name (" + defaultPlatform + ", unless the application has another), choose Add, and save.",
	}
}

// atInstance: the error labels of the REST API, with what own makes of their text.
func atInstance() []provider.Trouble {
	trouble := func(code, subtype string, class provider.Class, cause, cure string, steps ...string) provider.Trouble {
		return provider.Trouble{Code: code, Subtype: subtype, Class: class, Cause: cause, Cure: cure, Steps: steps}
	}
	const (
		maintains = "the instance is under maintenance"
		licensed  = "the instance has no license for this user, or its license has to be renewed"
		askTheirs = "an administrator of the SugarCRM instance looks after its licenses"
	)
	return []provider.Trouble{
		trouble(CodePlatform, "", provider.Admin, "the SugarCRM instance does not know the application's API platform", askAdmin, register()...),

		trouble("need_login", aboutMaintenance, provider.Later, maintains, soon),
		trouble("need_login", aboutLicense, provider.Admin, licensed, askTheirs),
		trouble("need_login", aboutLock, provider.User, "the user is locked after too many attempts", "wait, or ask an administrator of the SugarCRM instance"),
		trouble("need_login", "", provider.Dead, "the session was ended, or the user is no longer active", signInAgain),
		trouble("invalid_grant", "", provider.Dead, "the session was ended, perhaps by another sign-in of the same user for the same platform, or its time is over", signInAgain),
		trouble("license_seats_needed", "", provider.Admin, licensed, askTheirs),
		trouble("not_authorized", "", provider.Admin, "the user may not use the API", "an administrator of the SugarCRM instance allows it"),

		trouble("invalid_client", "", provider.Config, "the instance does not know the OAuth key, or its secret is wrong", "enter both again (avain registration set), or use none"),
		trouble("unauthorized_client", "", provider.Config, "the OAuth key may not be used for this", "let an administrator set the key's client type to user"),
		trouble("invalid_request", "", provider.Config, "the instance did not accept the form of the request", "update Avain"),
		trouble("unsupported_grant_type", "", provider.Config, "the instance did not accept the form of the request", "update Avain"),
		trouble("client_outdated", "", provider.Config, "the instance wants newer clients", "update Avain"),

		trouble("maintenance", "", provider.Later, maintains, soon),
		trouble("service_unavailable", "", provider.Later, "the instance is busy", soon),
		trouble("fatal_error", "", provider.Later, "the instance has trouble", soon),
	}
}

// atIdentityService: RFC 6749, with the codes of Ory Hydra, which the service is built on.
func atIdentityService() []provider.Trouble {
	trouble := func(code string, class provider.Class, cause, cure string) provider.Trouble {
		return provider.Trouble{Code: code, Class: class, Cause: cause, Cure: cure}
	}
	const form = "the identity service did not accept the form of the request"
	return []provider.Trouble{
		trouble("invalid_grant", provider.Dead, "the access was revoked or has expired", signInAgain),
		trouble("token_inactive", provider.Dead, "the access was revoked or has expired", signInAgain),
		trouble(provider.CodeAccessDenied, provider.User, "the person declined", "start again and allow the access"),
		trouble("login_required", provider.User, "the identity service must show a page and was told not to (prompt=none)", "start again without prompt=none"),
		trouble("consent_required", provider.User, "the identity service must show a page and was told not to (prompt=none)", "start again without prompt=none"),
		trouble("interaction_required", provider.User, "the identity service must show a page and was told not to (prompt=none)", "start again without prompt=none"),
		trouble("invalid_client", provider.Config, "the identity service does not know the client, or its secret is wrong", "enter both again (avain registration set)"),
		trouble("unauthorized_client", provider.Config, "the client may not use this flow", "ask SugarCRM to allow it"),
		trouble("invalid_scope", provider.Config, "the client may not ask for a scope", "ask SugarCRM to allow it; check nativeScopes"),
		trouble("invalid_request", provider.Config, form, "check the client's redirect URI and the registration's endpoints"),
		trouble("unsupported_response_type", provider.Config, form, "check the registration's endpoints"),
		trouble("unsupported_grant_type", provider.Config, form, "check the registration's endpoints"),
		trouble("server_error", provider.Later, "the identity service has trouble", soon),
		trouble("temporarily_unavailable", provider.Later, "the identity service has trouble", soon),
	}
}

// What the text of an error is about, where one label stands for several troubles.
const (
	aboutMaintenance = "maintenance"
	aboutLicense     = "license"
	aboutLock        = "lock"
)

// own reads an error of the REST API: {"error": "need_login", "error_message": "…"}. The
// only parameter that a token call can have wrong is the platform.
func own(body []byte) (code, subtype string) {
	var told struct {
		Label   string `json:"error"`
		Message string `json:"error_message"`
	}
	if json.Unmarshal(body, &told) != nil {
		return "", ""
	}
	if told.Label == "invalid_parameter" {
		return CodePlatform, ""
	}
	message := strings.ToLower(told.Message)
	for _, about := range []string{aboutMaintenance, aboutLicense, aboutLock} {
		if strings.Contains(message, about) {
			return told.Label, about
		}
	}
	return told.Label, ""
}

// atForm says what a person who has typed an instance and a password can do.
func atForm(err error, server string) error {
	var failure *outbound.Failure
	if errors.As(err, &failure) {
		return unreached(failure)
	}
	var e *provider.Error
	if !errors.As(err, &e) {
		return err
	}
	told := *e
	switch {
	case e.Code == "need_login" && e.Class == provider.Dead:
		told.Class, told.Code, told.Field = provider.User, provider.CodeLoginRefused, fieldPassword
		told.Cause, told.Cure = "SugarCRM does not accept this user name and password", "check the user name and type the password again; people who sign in at their organization's own page have none here"
	case e.Code == "need_login" && e.Class == provider.User:
		told.Code = provider.CodeLoginLocked
	case e.Code == provider.CodeMalformed, e.Code == "no_method", e.Code == "not_found", e.Code == "incorrect_version":
		return noInstance(server, err)
	case e.Class == provider.Later && e.Code != provider.CodeTimeout && e.Code != provider.CodeLimited:
		told.Code = provider.CodeServerBusy
	}
	return &told
}

// unreached says why an instance could not be talked to.
func unreached(f *outbound.Failure) *provider.Error {
	e := &provider.Error{
		Class: provider.User, Field: fieldServer, Err: f,
		Cause: strings.ToLower(f.Public()[:1]) + strings.TrimSuffix(f.Public()[1:], "."), Cure: "check the address of your SugarCRM",
	}
	switch f.Shown() {
	case outbound.BadHost, outbound.BadRedirect:
		e.Code = provider.CodeFieldInvalid
	case outbound.NoSuchHost:
		e.Code = provider.CodeServerUnknown
	case outbound.TimedOut:
		e.Class, e.Code = provider.Later, provider.CodeServerTimeout
	case outbound.NoTLS:
		e.Code = provider.CodeServerTLS
	case outbound.CertName, outbound.CertExpired, outbound.CertUnknown, outbound.CertInvalid:
		e.Code = provider.CodeServerCertificate
	case outbound.TooMuch:
		e.Code = provider.CodeServerProtocol
	default:
		e.Class, e.Code = provider.Later, provider.CodeServerUnreachable
	}
	return e
}

func noInstance(server string, err error) *provider.Error {
	return &provider.Error{
		Class: provider.User, Code: provider.CodeServerProtocol, Field: fieldServer,
		Cause: strings.TrimPrefix(server, "https://") + " does not answer as a SugarCRM instance does", Cure: "check the address, and type the one that your browser shows when you use SugarCRM", Err: err,
	}
}

func invalid(field string, err error) *provider.Error {
	return &provider.Error{
		Class: provider.User, Code: provider.CodeFieldInvalid, Field: field,
		Cause: err.Error(), Cure: "type it as acme.sugarondemand.com or https://crm.example.com/sugar",
	}
}
