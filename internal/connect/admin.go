package connect

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// adminPrefix begins the state of an administrator's visit. Our other states have no
// dot. Behind it stand the registration and a seal over nothing, which only we can
// make: so no row has to wait for an administrator who may take weeks, and only whoever
// was given the link can have our page announce an approval. It is words, nothing more.
const adminPrefix = "admin."

// adminConsentURL is the provider's page where an administrator admits the
// application; "" where the provider has none.
func (s *Service) adminConsentURL(r run) string {
	consenter, can := r.provider.(provider.AdminConsenter)
	if !can {
		return ""
	}
	seal, err := r.reg.Key.Seal(nil, store.LabelAdmin, r.reg.ID)
	if err != nil {
		return ""
	}
	state := adminPrefix + r.reg.ID + "." + base64.RawURLEncoding.EncodeToString(seal)
	address, err := consenter.AdminConsentURL(r.reg.Registration, "", r.wanted(), s.redirectURI(r.attempt, r.reg.Registration), state)
	if err != nil {
		return ""
	}
	return address
}

// adminReturned tells an administrator what has become of the approval. Nothing is
// stored: the person who asked for it connects the account as before.
func (s *Service) adminReturned(ctx context.Context, query url.Values) Outcome {
	reg, err := s.adminRegistration(ctx, query.Get("state"))
	if err != nil {
		return repeatable(err)
	}
	app, err := s.Store.Application(ctx, reg.ApplicationID)
	if err != nil {
		return repeatable(fault.Wrap(fault.StoreUnavailable, err))
	}
	switch {
	case query.Get("error") != "" || strings.EqualFold(query.Get("admin_consent"), "false"):
		out := shown(fault.New(fault.AdminDeclined, ""))
		out.ApplicationName, out.Brand = app.Name, app.Brand
		return out
	case !strings.EqualFold(query.Get("admin_consent"), "true"):
		return shown(fault.New(fault.AdminUnclear, ""))
	}
	return Outcome{Page: PageAdminDone, ApplicationName: app.Name, Brand: app.Brand}
}

// adminRegistration opens the state that adminConsentURL has made.
func (s *Service) adminRegistration(ctx context.Context, state string) (credential.Registered, error) {
	id, encoded, _ := strings.Cut(strings.TrimPrefix(state, adminPrefix), ".")
	seal, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return credential.Registered{}, fault.New(fault.StateUnknown, "")
	}
	reg, err := s.Credentials.Registration(ctx, id)
	if fault.Is(err, fault.ServiceTypeUnavailable) {
		return credential.Registered{}, fault.New(fault.StateUnknown, "")
	}
	if err != nil {
		return credential.Registered{}, err
	}
	if _, err := reg.Key.Open(seal, store.LabelAdmin, reg.ID); err != nil {
		return credential.Registered{}, fault.New(fault.StateUnknown, "")
	}
	return reg, nil
}
