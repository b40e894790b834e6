package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/listing"
)

// Lists are an application's records, page by page.
type Lists interface {
	Accounts(ctx context.Context, applicationID string, f listing.Filter, offset, limit int) (listing.Page[account.Account], error)
	Registrations(ctx context.Context, applicationID string) ([]account.Registration, error)
}

// Bounds of the application's own keys, in bytes.
const (
	maxClientOrg = 255
	maxUser      = 255
	maxOrg       = 255
)

// offsetPage is the contract's page (§1, "Offset paging").
type offsetPage[T any] struct {
	Offset    int  `json:"offset"`
	TotalSize int  `json:"totalSize"`
	Done      bool `json:"done"`
	Records   []T  `json:"records"`
}

// registrationOut is an OAuth registration as its application sees it: what is secret stays
// with the operator.
type registrationOut struct {
	Name                    string   `json:"name"`
	Daemon                  bool     `json:"daemon"`
	ServiceType             string   `json:"serviceType"`
	Scopes                  []string `json:"scopes"`
	ClientID                string   `json:"clientId"`
	IntermediateCallbackURL string   `json:"intermediateCallbackUrl,omitempty"`
}

// applicationOut is the application itself.
type applicationOut struct {
	ID                      int64    `json:"id"`
	Name                    string   `json:"name"`
	ClientID                string   `json:"clientId"`
	SyncAvailable           bool     `json:"syncAvailable"`
	InternalServicesEnabled bool     `json:"internalServicesEnabled"`
	Capabilities            []string `json:"capabilities"`
	Trial                   bool     `json:"trial"`
	CreatedAt               jsonTime `json:"createdAt"`
}

// managing is a route of the application itself: by its client id and secret, and by nothing
// else.
func (s *Server) managing(next func(http.ResponseWriter, *http.Request, account.Application)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		app, err := s.managingApplication(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		next(w, r, app)
	}
}

func (s *Server) managingApplication(r *http.Request) (account.Application, error) {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return account.Application{}, fault.New(fault.ClientUnauthorized,
			"An account's access token does not do here: it is good for that account alone, at /v1/account.")
	}
	app, err := s.application(r)
	if err == nil && app.Settings.Public {
		err = fault.New(fault.ClientUnauthorized, "An application without a secret cannot manage its accounts.")
	}
	return app, err
}

func (s *Server) listAccounts(w http.ResponseWriter, r *http.Request, app account.Application) {
	q := queryOf(r)
	offset, limit := q.page()
	filter := listing.Filter{
		NotKind: account.KindDaemon, ServiceType: q.serviceType(),
		AuthOrgID: q.text("authOrgId", maxOrg), ClientOrgID: q.text("clientOrgId", maxClientOrg),
	}
	subscription := q.number("subscriptionId", 0, 1, 1<<53-1)
	if subscription != 0 && q.err == nil { // no account has one yet
		writeJSON(w, http.StatusOK, offsetPage[accountOut]{Offset: offset, Done: true, Records: []accountOut{}})
		return
	}
	s.accountsPage(w, r, app, q, filter, offset, limit)
}

// serviceType is that filter: any that the contract lists, whether it is served or not.
func (q *query) serviceType() account.ServiceType {
	value := q.text("serviceType", 32)
	if value == "" {
		return ""
	}
	if t, known := account.ParseServiceType(value); known {
		return t
	}
	return account.ServiceType(value) // nobody has accounts of it
}

func (s *Server) listAccountsOfUser(w http.ResponseWriter, r *http.Request, app account.Application) {
	q := queryOf(r)
	offset, limit := q.page()
	user := r.PathValue("userId")
	if err := bounded("userId", user, maxUser); err != nil {
		q.fail(err)
	}
	s.accountsPage(w, r, app, q, listing.Filter{UserID: user}, offset, limit)
}

func (s *Server) accountsPage(w http.ResponseWriter, r *http.Request, app account.Application, q *query, f listing.Filter, offset, limit int) {
	if q.err != nil {
		s.fail(w, r, q.err)
		return
	}
	page, err := s.Lists.Accounts(r.Context(), app.ID, f, offset, limit)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	out := offsetPage[accountOut]{Offset: page.Offset, TotalSize: page.Total, Done: page.Done, Records: make([]accountOut, len(page.Records))}
	for i, a := range page.Records {
		out.Records[i] = accountJSON(a)
	}
	writeJSON(w, http.StatusOK, out)
}

func (s *Server) listRegistrations(w http.ResponseWriter, r *http.Request, app account.Application) {
	q := queryOf(r)
	offset, limit := q.page()
	if q.err != nil {
		s.fail(w, r, q.err)
		return
	}
	all, err := s.Lists.Registrations(r.Context(), app.ID)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	from := min(offset, len(all))
	to := min(from+limit, len(all))
	out := offsetPage[registrationOut]{Offset: offset, TotalSize: len(all), Done: to == len(all), Records: []registrationOut{}}
	for _, reg := range all[from:to] {
		out.Records = append(out.Records, registrationOut{
			Name: string(reg.ServiceType), ServiceType: string(reg.ServiceType), Scopes: texts(reg.Scopes), ClientID: reg.ClientID,
			IntermediateCallbackURL: reg.CallbackURL,
		})
	}
	writeJSON(w, http.StatusOK, out)
}

func (s *Server) getApplication(w http.ResponseWriter, _ *http.Request, app account.Application) {
	writeJSON(w, http.StatusOK, applicationOut{
		ID: app.Number(), Name: app.Name, ClientID: app.ClientID, Capabilities: []string{}, CreatedAt: jsonTime(app.CreatedAt),
	})
}

func (s *Server) getAccountByID(w http.ResponseWriter, r *http.Request, app account.Application) {
	acct, err := s.ownAccount(r, app)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, accountJSON(acct))
}

func (s *Server) deleteAccountByID(w http.ResponseWriter, r *http.Request, app account.Application) {
	acct, err := s.ownAccount(r, app)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	grant, err := s.Accounts.Delete(r.Context(), acct)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, done{Status: "Ok", Grant: string(grant)})
}

// ownAccount is the account in the path; another application's looks like none.
func (s *Server) ownAccount(r *http.Request, app account.Application) (account.Account, error) {
	id, err := account.ParseID(r.PathValue("id"))
	if err != nil {
		return account.Account{}, fault.New(fault.ParameterInvalid, "It is id, in the path; a number.")
	}
	caller, err := s.Access.ForAccount(r.Context(), app, id)
	if err == nil {
		note(r).account = id
	}
	return caller.Account, err
}
