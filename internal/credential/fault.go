package credential

import (
	"errors"

	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
)

// Fault turns a provider's failure into what the caller is told. Any other error
// passes unchanged.
func Fault(err error) error {
	var e *provider.Error
	if !errors.As(err, &e) {
		return err
	}
	f := &fault.Error{Code: codeOf(e), RetryAfter: e.RetryAfter, Err: err}
	// Whoever has just said no knows the cause.
	if e.Cause != "" && e.Class != provider.Later && f.Code != fault.AccessDenied {
		f.Detail = probably(e)
	}
	return f
}

func codeOf(e *provider.Error) fault.Code {
	switch e.Code {
	case provider.CodeAccessDenied:
		if e.Class == provider.Admin { // not the person's no: they may not say yes
			return fault.ProviderAdmin
		}
		return fault.AccessDenied
	case provider.CodeStrangeHost:
		return fault.ProviderHost
	case provider.CodeMalformed, provider.CodeStranger:
		return fault.ProviderMalformed
	case provider.CodeTimeout:
		return fault.ProviderTimeout
	case provider.CodeLimited:
		return fault.ProviderLimited
	case provider.CodeNoRefresh:
		return fault.RefreshFailed
	}
	if code, ok := formCodes()[e.Code]; ok {
		return code
	}
	switch e.Class {
	case provider.Dead:
		return fault.TokenDead
	case provider.User:
		return fault.ProviderRefused
	case provider.Admin:
		return fault.ProviderAdmin
	case provider.Config:
		return fault.ProviderConfig
	default:
		return fault.ProviderUnavailable
	}
}

// formCodes are the failures of a login that a person has typed.
func formCodes() map[string]fault.Code {
	return map[string]fault.Code{
		provider.CodeLoginRefused: fault.LoginRefused, provider.CodeLoginDisabled: fault.LoginDisabled,
		provider.CodeAppPassword: fault.LoginAppPassword, provider.CodeServerUnknown: fault.ServerUnknown,
		provider.CodeLoginLocked: fault.LoginLocked, provider.CodeLoginExpired: fault.LoginExpired, provider.CodeLoginUnsupported: fault.LoginUnsupported,
		provider.CodeServerUnconfirmed: fault.ServerUnconfirmed, provider.CodeServerTimeout: fault.ServerTimeout,
		provider.CodeServerBusy: fault.ServerBusy, provider.CodeServerCertificate: fault.ServerCertificate,
		provider.CodeServerUnreachable: fault.ServerUnreachable, provider.CodeServerForbidden: fault.ServerForbidden,
		provider.CodeServerTLS: fault.ServerTLS, provider.CodeServerProtocol: fault.ServerProtocol,
		provider.CodeFieldInvalid: fault.FieldInvalid,
	}
}

// probably tells a person why, and what helps.
func probably(e *provider.Error) string {
	text := "Probable cause: " + e.Cause + "."
	if e.Cure != "" {
		text += " What helps: " + e.Cure + "."
	}
	return text
}
