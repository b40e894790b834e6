package connect

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// Choice is a service that the person may sign in at.
type Choice struct {
	ServiceType account.ServiceType
	Title       string
	Button      provider.Button
	// Form: the person signs in on our page, not on the service's own.
	Form bool
	// URL is authorize as it was asked for, with this service named: a query alone,
	// so that the browser stays on the path and the host where it is.
	URL string
}

// chooseService settles the service of a request that names none. Where the person
// must say which, it returns the choices, at least two; nothing is stored for them.
func (s *Service) chooseService(ctx context.Context, q asked, app account.Application, r *request) ([]Choice, error) {
	if r.serviceType != "" {
		return nil, nil
	}
	var err error
	if r.serviceType, err = s.serviceOf(ctx, app.ID, r.accountID); err != nil || r.serviceType != "" {
		return nil, err
	}
	infos, err := s.services(ctx, app.ID)
	if err != nil {
		return nil, err
	}
	switch len(infos) {
	case 0:
		return nil, fault.New(fault.ServiceTypeUnavailable, "")
	case 1:
		r.serviceType = infos[0].ServiceType
		return nil, nil
	}
	choices := make([]Choice, len(infos))
	for i, info := range infos {
		p, _ := s.Providers.Of(info.ServiceType)
		_, byForm := p.(provider.Former)
		choices[i] = Choice{
			ServiceType: info.ServiceType, Title: info.Title, Button: info.Button, Form: byForm,
			URL: withService(q.rawQuery, q.standard.word("serviceType"), info.ServiceType),
		}
	}
	return choices, nil
}

// serviceOf is the service of an account to be renewed; "" where none is named, or
// none that the application has: an account of another one must look like no account.
func (s *Service) serviceOf(ctx context.Context, applicationID string, id account.ID) (account.ServiceType, error) {
	if id == 0 {
		return "", nil
	}
	acct, err := s.Store.Account(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && acct.ApplicationID != applicationID:
		return "", nil
	case err != nil:
		return "", fault.Wrap(fault.StoreUnavailable, err)
	}
	return acct.ServiceType, nil
}

// services are those that an application has a registration for and people can sign
// in at, in the order of the contract.
func (s *Service) services(ctx context.Context, applicationID string) ([]provider.Info, error) {
	registrations, err := s.Store.Registrations(ctx, applicationID)
	if err != nil {
		return nil, fault.Wrap(fault.StoreUnavailable, err)
	}
	current := map[account.ServiceType]bool{}
	for _, r := range registrations {
		if r.Current {
			current[r.ServiceType] = true
		}
	}
	var infos []provider.Info
	for _, t := range s.Providers.ServiceTypes() {
		if p, ok := s.Providers.Of(t); ok && current[t] {
			switch p.(type) {
			case provider.Redirector, provider.Former:
				infos = append(infos, p.Info())
			}
		}
	}
	return infos, nil
}

// withService names the service in a query that has none, by the face's word. All else
// keeps its bytes, its order and its repetitions; an empty one goes, since two are refused.
func withService(rawQuery, word string, t account.ServiceType) string {
	var b strings.Builder
	b.WriteByte('?')
	for pair := range strings.SplitSeq(rawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil && decoded == word {
			continue
		}
		b.WriteString(pair)
		b.WriteByte('&')
	}
	b.WriteString(word + "=")
	b.WriteString(string(t))
	return b.String()
}

// choosing shows the choices. Its way back says that the person wants none of them.
func (r reply) choosing(choices []Choice) Outcome {
	return Outcome{
		Choices: choices, ApplicationName: r.application, Brand: r.brand,
		Back: r.errorURL(fault.New(fault.AccessDenied, "")),
	}
}
