package operator

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// examined gathers the findings about one registration.
type examined struct {
	subject  string
	again    string // the command that changes it, so far
	findings []Finding
}

func about(app account.Application, record store.Registration) *examined {
	e := &examined{subject: fmt.Sprintf("registration %s/%s", app.Name, record.ServiceType)}
	e.again = fmt.Sprintf("avain registration set %s %s", app.ClientID, record.ServiceType)
	if record.ClientID != "" {
		e.again += " --client-id " + record.ClientID
	}
	return e
}

func (e *examined) add(level Level, text, cure string) {
	e.findings = append(e.findings, finding(level, e.subject, text, cure))
}

func (s *Service) examineRegistration(app account.Application, record store.Registration, failing []Health) []Finding {
	e := about(app, record)
	p, served := s.Providers.Of(record.ServiceType)
	if !served {
		e.add(Error, "this version does not serve "+string(record.ServiceType), "use a version that does, or take it away: avain registration remove "+app.ClientID+" "+string(record.ServiceType))
		return e.findings
	}
	if s.byForm(record.Registration) {
		e.add(OK, "people sign in with their login name and password, on a page of this server: nothing is registered at a provider, and no redirect URI is needed", "")
	}
	if _, redirects := p.(provider.Redirector); !s.byForm(record.Registration) || redirects && record.ClientID != "" {
		s.examineClient(e, app, record)
	}
	examineHealth(e, failing)
	e.scopes(p.Info(), record.Registration)
	return e.findings
}

// examineClient examines what a provider has to know as well.
func (s *Service) examineClient(e *examined, app account.Application, record store.Registration) {
	if uri := connect.CallbackURL(s.PublicURL, app, record.Registration); uri != "" {
		e.add(OK, "redirect URI to register at the provider, exactly: "+uri, "")
		e.findings[len(e.findings)-1].RedirectURI = uri
	}
	if target := connect.OwnCallback(s.PublicURL, app); target != "" && record.CallbackURL != "" {
		e.add(OK, "its relay must send the browser on to "+target, "")
	}
	if !record.Current {
		e.add(OK, "client "+record.ClientID+" serves the accounts it connected; new sign-ins use another one", "")
	}
	s.examineSecrets(e, record)
	s.examineExpiry(e, app, record)
	for _, one := range endpointsOf(record.Endpoints) {
		if one.url != "" {
			e.add(OK, fmt.Sprintf("its %s endpoint is %s, not the provider's own", one.name, one.url), "where that is not meant: "+e.again+" --provider-endpoints")
		}
	}
	if err := checkEndpoints(record.Endpoints); err != nil {
		e.add(Error, err.Error(), e.again+" with the endpoint corrected")
	}
	if err := checkCallback(record.CallbackURL); err != nil {
		e.add(Error, err.Error(), e.again+" --callback-url URL")
	}
	if record.UnboundBrowser {
		e.add(Warn, "a sign-in may be finished in another browser than the one that started it", "where the relay answers with a redirect: "+e.again+" --no-unbound-browser")
	}
}

func (s *Service) examineSecrets(e *examined, record store.Registration) {
	opened, err := credential.OpenRegistration(s.Ring, record)
	switch {
	case err != nil:
		e.add(Error, "its secrets do not open with this key", "give the right key, or enter the secret again: "+e.again+" --client-secret-file PATH")
	case len(opened.CentreSecrets) > 0:
		names := strings.Join(slices.Sorted(maps.Keys(opened.CentreSecrets)), ", ")
		if len(opened.Secrets) == 0 {
			e.add(Warn, "has a client secret for the data centres "+names+" alone: people of others cannot connect", e.again+" --client-secret-file PATH")
		} else {
			e.add(OK, "has client secrets of their own for the data centres "+names+"; the others use the common one", "")
		}
	case len(opened.Secrets) == 0:
		e.add(Warn, "has no client secret; most providers want one", e.again+" --client-secret-file PATH")
	}
}

// scopes tells what a sign-in asks for where the application does not say.
func (e *examined) scopes(info provider.Info, reg account.Registration) {
	words := append(texts(reg.Scopes), reg.NativeScopes...)
	switch {
	case len(words) == 0 && len(info.Scopes.Native) == 0:
		e.add(OK, "a sign-in opens whatever the person may do there: the service knows none of our scopes", "")
		return
	case len(words) == 0:
		e.add(OK, "asks for nothing but who the person is where the application names no scopes", "")
		return
	}
	e.add(OK, "asks for "+strings.Join(words, ", ")+" where the application names no scopes", "")
}
