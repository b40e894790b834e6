package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/secret"
)

// saved is the contract's AccountSaveResult.
type saved struct {
	AccountID   int64  `json:"accountId"`
	AccessToken string `json:"accessToken"`
	UserID      string `json:"userId,omitempty"`
	UserSession string `json:"userSession,omitempty"`
}

// page is what every route of the flow shares: GET (a HEAD would spend a state) and
// the methods named besides, our own host, nothing cached, framed or leaked by a referrer.
func (s *Server) page(next http.HandlerFunc, besides ...string) http.HandlerFunc {
	methods := append([]string{http.MethodGet}, besides...)
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if !slices.Contains(methods, r.Method) {
			h.Set("Allow", strings.Join(methods, ", "))
			s.show(w, r, connect.Outcome{Fault: fault.New(fault.MethodNotAllowed, "")})
			return
		}
		if err := s.limits.address(s.addressOf(r)); err != nil {
			s.show(w, r, connect.Outcome{Fault: fault.From(err)})
			return
		}
		at, err := s.reached(r)
		if err != nil {
			s.show(w, r, connect.Outcome{Fault: fault.From(err), Reload: fault.Is(err, fault.StoreUnavailable)})
			return
		}
		note(r).at = at
		next(w, r)
	}
}

func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	if _, asUser := r.URL.Query()["userAccount"]; asUser { // the form of before authorizeUser (contract §14)
		s.begin(w, r, s.asUser(r, connect.AuthorizePath))
		return
	}
	s.begin(w, r, s.Connect.Authorize)
}

func (s *Server) reauthorize(w http.ResponseWriter, r *http.Request) {
	s.begin(w, r, s.Connect.Reauthorize)
}

// opener is a way to begin a sign-in.
type opener func(ctx context.Context, at *url.URL, rawQuery string, browser secret.Text, admit func(applicationID string) error) connect.Outcome

// begin answers the ways to begin a sign-in.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, open opener) {
	value := browser(r)
	if value.IsZero() {
		value = access.NewNonce()
	}
	out := open(r.Context(), note(r).at, r.URL.RawQuery, value, s.limits.signIns)
	if len(out.Choices) > 0 {
		s.choose(w, r, out)
		return
	}
	if out.Fault == nil && !out.Hop {
		setBrowser(w, r, value)
	}
	s.follow(w, r, out)
}

func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	s.follow(w, r, s.Connect.Callback(r.Context(), note(r).at, r.URL.RawQuery, browser(r)))
}

func (s *Server) partial(w http.ResponseWriter, r *http.Request) {
	s.follow(w, r, s.Connect.Choose(r.Context(), r.URL.RawQuery, browser(r)))
}

// follow sends the browser on, or shows the page that the person must see first, or
// what went wrong where there is nowhere to send it.
func (s *Server) follow(w http.ResponseWriter, r *http.Request, out connect.Outcome) {
	if err := s.keepSession(w, r, out.Session); err != nil {
		s.show(w, r, connect.Outcome{Fault: fault.From(err), Back: out.Back, ApplicationName: out.ApplicationName, Brand: out.Brand})
		return
	}
	if out.Page == connect.PageAdminDone || out.Page != connect.PageFault && acceptsHTML(r) {
		s.draw(w, r, out)
		return
	}
	if out.Location == "" {
		s.show(w, r, out)
		return
	}
	note(r).fault = out.Fault
	w.Header().Set("Location", out.Location)
	w.WriteHeader(http.StatusSeeOther)
}

// draw writes one of our pages.
func (s *Server) draw(w http.ResponseWriter, r *http.Request, out connect.Outcome) {
	switch out.Page {
	case connect.PagePartial:
		p := out.Partial
		s.Pages.Partial(w, look(r, out), PartialPage{
			ServiceTitle: out.ServiceTitle, Email: p.Email,
			Missing: p.Missing, MissingNative: p.MissingNative,
			RestURL: p.RestURL, WithoutURL: p.WithoutURL, CancelURL: p.CancelURL,
		})
	case connect.PageAdmin:
		f := s.noted(w, r, out.Fault)
		s.Pages.Admin(w, look(r, out), AdminPage{
			ServiceTitle: out.ServiceTitle, AdminURL: out.AdminURL, Steps: out.AdminSteps, BackURL: out.Back,
			Code: string(f.Code), Detail: f.Detail, RequestID: note(r).requestID,
		})
	case connect.PageAdminDone:
		s.Pages.Approved(w, look(r, out))
	case connect.PageForm:
		s.drawForm(w, r, out)
	default:
		s.show(w, r, out)
	}
}

func (s *Server) redeem(w http.ResponseWriter, r *http.Request) {
	app, err := s.application(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	verifier, err := readVerifier(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	out, err := s.Connect.Redeem(r.Context(), app, connect.Presented{Code: secret.New(r.PathValue("code")), Verifier: verifier}, note(r).requestID)
	if fault.Is(err, fault.CodeInvalid) && !app.Settings.Public { // a public one has drawn already
		err = cmp.Or(s.limits.address(s.addressOf(r)), err)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, saved{
		AccountID: int64(out.AccountID), AccessToken: out.AccessToken.Reveal(), UserID: out.UserID, UserSession: out.UserSession.Reveal(),
	})
}

// redeemDeprecated is the old form of the exchange (contract §3.5). The mux sends
// HEAD here too, which must not spend a code.
func (s *Server) redeemDeprecated(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, POST")
		s.fail(w, r, fault.New(fault.MethodNotAllowed, ""))
		return
	}
	// RFC 9745: deprecated since the day the contract was read.
	w.Header().Set("Deprecation", "@1795219200")
	s.redeem(w, r)
}

// application checks HTTP Basic. An application without a secret sends its client
// id with an empty password, and proves itself by the code's verifier.
func (s *Server) application(r *http.Request) (account.Application, error) {
	if err := checkAuthType(r); err != nil {
		return account.Application{}, err
	}
	_, agreed := header(r, "Authorization")
	id, pass, ok := r.BasicAuth()
	if !ok || !agreed {
		return account.Application{}, fault.New(fault.ClientUnauthorized, "")
	}
	note(r).byApplication = true
	return s.proven(r, formDecoded(id), formDecoded(pass))
}

// proven checks a client id and its secret.
func (s *Server) proven(r *http.Request, id, pass string) (account.Application, error) {
	if pass == "" {
		return s.publicApplication(r, id)
	}
	app, err := s.Access.Application(r.Context(), id, secret.New(pass))
	if fault.Is(err, fault.ClientUnauthorized) {
		err = cmp.Or(s.limits.address(s.addressOf(r)), err)
	}
	if err != nil {
		return account.Application{}, err
	}
	note(r).application = app.ID
	return app, s.limits.calls(app.ID)
}

// publicApplication finds an application without a secret. Its client id stands in
// every authorize link, so this proves nothing: it counts for the address, and
// leaves the bucket of the application's calls alone.
func (s *Server) publicApplication(r *http.Request, id string) (account.Application, error) {
	if err := s.limits.address(s.addressOf(r)); err != nil {
		return account.Application{}, err
	}
	app, err := s.Access.PublicApplication(r.Context(), id)
	if err != nil {
		return account.Application{}, err
	}
	note(r).application = app.ID
	return app, s.limits.signIns(app.ID)
}

// formDecoded undoes the encoding that RFC 6749 §2.3.1 asks of clients. Our ids
// and secrets have no character that it changes, so plain ones pass too.
func formDecoded(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// readVerifier finds codeVerifier in a JSON or form body. Clients send all kinds
// of bodies where none is needed (contract §3.5), so anything else is ignored;
// the query is never looked at.
func readVerifier(r *http.Request) (secret.Text, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return secret.Text{}, err
		}
		return secret.Text{}, fault.New(fault.ParameterInvalid, "The body broke off.")
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/x-www-form-urlencoded" {
		form, _ := url.ParseQuery(string(body))
		return secret.New(form.Get("codeVerifier")), nil
	}
	var v struct {
		CodeVerifier secret.Text `json:"codeVerifier"`
	}
	_ = json.Unmarshal(body, &v)
	return v.CodeVerifier, nil
}
