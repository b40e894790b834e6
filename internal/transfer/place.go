package transfer

import (
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

// locate finds where the grant belongs. What a row says of it goes through the driver, as
// every address that a secret will be sent to: nothing is believed as it stands.
func (w *wanted) locate(p provider.Provider, reg account.Registration, r Row) error {
	locator, located := p.(provider.Locator)
	said := place{}
	if r.Place != nil {
		said = *r.Place
	}
	if !located {
		if r.ServerURL != "" || said != (place{}) {
			return rejection("serverUrl: the service has one place for all")
		}
		return nil
	}
	candidates := []string{said.Accounts, said.API}
	if r.Place == nil {
		candidates = []string{r.ServerURL}
	}
	where, err := firstLocated(locator, reg, candidates)
	if err != nil {
		return rejection("serverUrl: it is not the provider's server for an account, or is missing")
	}
	if where.API == "" && said.API != "" {
		if where.API, err = w.info.Direct.Named.Believe(reg, said.API); err != nil {
			return rejection("place: the API is none of the provider's")
		}
	}
	w.port.Tokens.Place = where
	if where.API == "" && !w.port.Tokens.Refresh.IsZero() {
		w.port.Expires = w.account.AuthObtainedAt // a refresh will name it
	}
	return nil
}

func firstLocated(l provider.Locator, reg account.Registration, candidates []string) (where provider.Place, err error) {
	for _, c := range candidates {
		if where, err = l.Locate(reg, c); err == nil {
			return where, nil
		}
	}
	return where, err
}
