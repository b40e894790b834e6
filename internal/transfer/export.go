package transfer

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/store"
)

// exportedAtOnce is how many accounts are read at a time.
const exportedAtOnce = 500

// Export is what to bring out.
type Export struct {
	To          io.Writer // of rows, bare: encrypt it
	Application string    // client id; all where empty
}

// Exported counts.
type Exported struct {
	Accounts int
	// ServiceAccounts were left out, with the accounts under them: their credential is the
	// organization's, and the registration's.
	ServiceAccounts int
}

// Export writes the accounts, oldest first, each with what is sealed of it. It asks nobody
// and changes nothing. That it begins is in the audit trail.
func (s *Service) Export(ctx context.Context, out Export) (sum Exported, err error) {
	names, err := s.names(ctx, out.Application)
	if err != nil {
		return sum, err
	}
	var filter store.AccountFilter
	for id := range names.applications {
		if out.Application != "" {
			filter.ApplicationID = id
		}
	}
	if err := s.audit(ctx, "accounts.exported", filter.ApplicationID, "the accounts with their credentials, encrypted"); err != nil {
		return sum, fmt.Errorf("write the audit trail before anything is read: %w", err)
	}
	buffered := bufio.NewWriterSize(out.To, 64<<10)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	for at := (store.AccountPosition{}); ; {
		page, err := s.Store.AccountsBehind(ctx, filter, at, exportedAtOnce)
		if err != nil {
			return sum, err
		}
		for _, a := range page {
			at = store.PositionOf(a)
			if a.Kind != account.KindPersonal {
				sum.ServiceAccounts++
				continue
			}
			p, err := s.Credentials.Export(ctx, a)
			if err != nil {
				return sum, err
			}
			if err := encoder.Encode(names.row(a, p)); err != nil {
				return sum, errors.New("write the export") // the cause may quote the row
			}
			sum.Accounts++
		}
		if len(page) < exportedAtOnce {
			if err := buffered.Flush(); err != nil {
				return sum, fmt.Errorf("write the export: %w", err)
			}
			return sum, nil
		}
	}
}

// names are what ids stand for outside this database.
type names struct{ applications, registrations map[string]string }

func (s *Service) names(ctx context.Context, clientID string) (names, error) {
	n := names{map[string]string{}, map[string]string{}}
	all, err := s.Store.Applications(ctx)
	if err != nil {
		return n, err
	}
	for _, app := range all {
		if clientID != "" && app.ClientID != clientID {
			continue
		}
		n.applications[app.ID] = app.ClientID
		registrations, err := s.Store.Registrations(ctx, app.ID)
		if err != nil {
			return n, err
		}
		for _, r := range registrations {
			n.registrations[r.ID] = r.ClientID
		}
	}
	if clientID != "" && len(n.applications) == 0 {
		return n, errors.New("there is no application with that client id: see avain app list")
	}
	return n, nil
}

// row is the account with its credential.
func (n names) row(a account.Account, p credential.Portable) Row {
	r := Row{
		AccountID: int64(a.ID), ClientID: n.applications[a.ApplicationID], ServiceType: string(a.ServiceType), OAuthClientID: n.registrations[a.RegistrationID],
		AuthUserID: a.Identity.Subject, AuthOrgID: a.Identity.OrgID, Email: a.Identity.Email, EmailVerified: a.Identity.EmailVerified, Name: a.Identity.Name,
		LoginString: a.LoginString, ClientOrgID: a.ClientOrgID, UserID: a.UserID, UserAccount: string(a.UserRole),
		AuthNativeScopes: p.Tokens.NativeScopes, RefreshToken: bare(p.Tokens.Refresh.Reveal()), AccessToken: bare(p.Tokens.Access.Reveal()),
		AccessTokenExpires: moment{p.Expires.UTC()}, Tenant: p.Tokens.Tenant, TokenStatus: string(a.TokenStatus), TokenError: a.TokenError,
		CreatedAt: moment{a.CreatedAt.UTC()}, AuthObtainedAt: moment{a.AuthObtainedAt.UTC()},
	}
	if !p.Tokens.Refresh.IsZero() {
		r.RefreshScopes = p.RefreshScopes
	}
	if where := (place{p.Tokens.Place.Accounts, p.Tokens.Place.API}); where != (place{}) {
		r.Place = &where
	}
	if p.Login != nil {
		r.LoginString, r.Password = p.Login.Username, bare(p.Login.Password.Reveal())
		for _, s := range p.Login.Servers {
			r.Servers = append(r.Servers, server{s.Protocol, s.Host, s.Port, string(s.Security), s.Path})
		}
	}
	if p.Login == nil && p.Tokens.Access.IsZero() && p.Tokens.Refresh.IsZero() { // it is wiped
		r.TokenStatus = string(account.TokenDead)
	}
	return r
}
