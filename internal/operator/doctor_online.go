package operator

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"golang.org/x/oauth2"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// madeUpCode is no provider's authorization code.
const madeUpCode = "avain-doctor-made-up-code"

// onlineTimeout bounds one question.
const onlineTimeout = 20 * time.Second

// DoctorOnline asks the providers what Doctor cannot know: whether each knows the client
// and its secrets. It sends a made-up authorization code, as a sign-in would send a real
// one, and looks at what the provider objects to. No grant is made, used or ended, and no
// account is touched.
//
// Where people type their server, it asks the resolver for one name.
func (s *Service) DoctorOnline(ctx context.Context) ([]Finding, error) {
	apps, err := s.Applications(ctx)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	byForm := false
	for _, app := range apps {
		records, err := s.Store.Registrations(ctx, app.ID)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			findings = append(findings, s.askProvider(ctx, app, r)...)
			byForm = byForm || s.byForm(r.Registration)
		}
	}
	if byForm && s.Typed.Lookup != nil {
		findings = append(findings, s.askResolver(ctx))
	}
	return findings, nil
}

// askProvider tries each of the registration's common secrets; those of data centres are
// tried by sign-ins there.
func (s *Service) askProvider(ctx context.Context, app account.Application, record store.Registration) []Finding {
	p, _ := s.Providers.Of(record.ServiceType)
	redirector, ok := p.(provider.Redirector)
	if !ok || record.ClientID == "" {
		return nil
	}
	opened, err := credential.OpenRegistration(s.Ring, record)
	if err != nil {
		return nil // Doctor has said so
	}
	e := about(app, record)
	uri := connect.CallbackURL(s.PublicURL, app, record.Registration)
	if uri == "" {
		e.add(Warn, "the provider was not asked: the redirect URI is not known", "give the server's own address: --public-url https://…")
		return e.findings
	}
	secrets := opened.Secrets
	if len(secrets) == 0 {
		secrets = []secret.Text{{}}
	}
	for i, one := range secrets {
		reg := opened.Registration
		reg.Secrets = slices.Clone(secrets[i : i+1])
		which := "the client"
		switch {
		case one.IsZero():
			which = "the client, which has no secret"
		case len(secrets) > 1:
			which = fmt.Sprintf("the client with secret %d of %d", i+1, len(secrets))
		}
		e.judge(which, ask(ctx, redirector, reg, uri))
	}
	return e.findings
}

// ask redeems the made-up code. The error is what the driver's table makes of the answer.
func ask(ctx context.Context, p provider.Redirector, reg account.Registration, redirectURI string) error {
	ctx, cancel := context.WithTimeout(ctx, onlineTimeout)
	defer cancel()
	_, _, err := p.Exchange(ctx, reg, provider.Callback{
		Params: url.Values{"code": {madeUpCode}}, Verifier: secret.New(oauth2.GenerateVerifier()), RedirectURI: redirectURI,
	})
	return err
}

// judge reads what the provider objects to. A client that it does not know it names
// before the code, but for some that read the code first; so nothing is proven by its
// silence about the client, and the finding does not say so.
func (e *examined) judge(which string, err error) {
	var told *provider.Error
	switch {
	case err == nil:
		e.add(Error, "the provider takes a made-up code: what answers at its token endpoint is no provider", "look at the endpoints of the registration")
	case !errors.As(err, &told):
		e.add(Warn, "the provider could not be asked: "+err.Error(), "try again")
	case told.Class == provider.Dead:
		e.add(OK, fmt.Sprintf("the provider refuses a made-up code and says nothing against %s", which), "")
	case told.Class == provider.Config && !ofTheQuestion(told.Code):
		e.add(Error, fmt.Sprintf("the provider does not take %s (%s): %s", which, told.Code, told.Cause), told.Cure+"; "+e.again+" --client-secret-file PATH")
	case told.Class == provider.Config || told.Class == provider.Admin:
		e.add(Warn, fmt.Sprintf("the provider objects to the question itself (%s): %s", told.Code, told.Cause), told.Cure)
	default:
		e.add(Warn, fmt.Sprintf("the provider does not say whether it takes %s (%s): %s", which, told.Code, told.Cause), told.Cure)
	}
}

// ofTheQuestion tells whether a code of class Config speaks of the question, not of the
// client (RFC 6749 §5.2).
func ofTheQuestion(code string) bool {
	return slices.Contains([]string{"invalid_request", "invalid_scope", "unsupported_grant_type"}, code)
}

// known is a name that resolves wherever names do (RFC 2606 §3).
const known = "example.com"

func (s *Service) askResolver(ctx context.Context) Finding {
	const subject = "resolver"
	ctx, cancel := context.WithTimeout(ctx, onlineTimeout)
	defer cancel()
	if addrs, err := s.Typed.Lookup(ctx, known); err != nil || len(addrs) == 0 {
		return finding(Error, subject, "finds no address of "+known+", so no server that people type is found", "give this machine a working resolver (/etc/resolv.conf), or serve and doctor another one (--typed-resolver)")
	}
	return finding(OK, subject, "answers", "")
}
