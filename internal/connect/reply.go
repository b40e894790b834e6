package connect

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// reply is how the application wants to hear: where, in which mode, with which
// state of its own.
type reply struct {
	returnURL   string
	state       string
	tokenMode   bool
	issuer      string // ours, where the application hears it in the words of RFC 6749
	application string
	brand       brand.Brand
}

func replyTo(a store.Attempt) reply {
	return reply{returnURL: a.ReturnURL, state: a.State, tokenMode: a.TokenMode, issuer: a.Issuer}
}

// failure sends the fault back: status=error, a code for programs, a text for
// people (contract §3.4).
func (r reply) failure(err error) Outcome {
	f := fault.From(err)
	return Outcome{Location: r.errorURL(f), Fault: f, ApplicationName: r.application, Brand: r.brand}
}

// unbegun is failure before there is an attempt: where the store is away, a person may
// ask for the same again.
func (r reply) unbegun(err error) Outcome {
	out := r.failure(err)
	if out.Fault.Code == fault.StoreUnavailable {
		out.Page, out.Reload, out.Back = PageTryAgain, true, out.Location
	}
	return out
}

// errorURL is empty where there is no return URL.
func (r reply) errorURL(f *fault.Error) string {
	if r.issuer != "" {
		return r.standard(url.Values{"error": {redirectError(f)}, "error_description": {Description(f)}})
	}
	if r.returnURL == "" {
		return ""
	}
	answer := url.Values{"status": {"error"}, "error": {string(f.Code)}, "details": {f.Message()}}
	return answerURL(r.returnURL, r.withState(answer), r.tokenMode, true)
}

func (r reply) code(code secret.Text) string {
	if r.issuer != "" {
		return r.standard(url.Values{"code": {code.Reveal()}})
	}
	answer := url.Values{"status": {"success"}, "code": {code.Reveal()}}
	return answerURL(r.returnURL, r.withState(answer), false, false)
}

// done is the answer of a sign-in that hands nothing out; empty without a return URL.
func (r reply) done() string {
	if r.returnURL == "" {
		return ""
	}
	return answerURL(r.returnURL, r.withState(url.Values{"status": {"success"}}), false, false)
}

func (r reply) token(token secret.Text, id account.ID) string {
	answer := url.Values{"status": {"success"}, "accessToken": {token.Reveal()}, "accountId": {id.String()}}
	return answerURL(r.returnURL, r.withState(answer), true, false)
}

func (r reply) withState(answer url.Values) url.Values {
	if r.state != "" {
		answer.Set("state", r.state)
	}
	return answer
}

// shown keeps a fault on our own page.
func shown(err error) Outcome { return Outcome{Fault: fault.From(err)} }

// validChallenge is the S256 form of RFC 7636 §4.2: 32 bytes in base64url.
func validChallenge(s string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(raw) == sha256.Size
}
