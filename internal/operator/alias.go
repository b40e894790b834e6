package operator

import (
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/connect"
)

// alias is an application's alias in the form that is stored. "" is none.
func (s *Service) alias(raw string) (string, error) {
	alias, err := connect.ParseAlias(raw)
	if err != nil {
		return "", usagef("the alias %q cannot be used: %w", raw, err)
	}
	if s.isPublicHost(alias) {
		return "", usagef("the alias %q is the public URL, which every application has: leave it out", raw)
	}
	return alias, nil
}

// changeAlias brings a new alias into the form that is stored. One that stays is left
// alone: where the public URL has become the same, that is no reason to refuse all else.
func (s *Service) changeAlias(have account.Application, want *account.Application) (err error) {
	if want.Settings.Alias != have.Settings.Alias {
		want.Settings.Alias, err = s.alias(want.Settings.Alias)
	}
	return err
}

func (s *Service) isPublicHost(alias string) bool {
	_, host, found := strings.Cut(alias, "://")
	return found && s.PublicURL != nil && strings.EqualFold(host, s.PublicURL.Host)
}

// CallbackURL is the redirect URI of an application's registrations, but for those
// that have a relay; empty where it is not known.
func (s *Service) CallbackURL(app account.Application) string {
	return connect.OwnCallback(s.PublicURL, app)
}

// examineAlias tells what an alias asks of others: the name's proxy, and the consoles
// of the providers.
func (s *Service) examineAlias(app account.Application) []Finding {
	alias, subject := app.Settings.Alias, "application "+app.Name
	off := "avain app set " + app.ClientID + " --alias="
	switch _, err := connect.ParseAlias(alias); {
	case alias == "":
		return nil
	case err != nil:
		return []Finding{finding(Error, subject, "its alias "+alias+" cannot be used: "+err.Error(), off+"URL, or end it: "+off)}
	case s.isPublicHost(alias):
		return []Finding{finding(Warn, subject, "its alias "+alias+" is the public URL and changes nothing", "end it: "+off)}
	}
	return []Finding{finding(
		OK, subject, "its sign-ins run at "+alias,
		"that host must lead to this server with the Host header unchanged, and each provider must have the redirect URI named below",
	)}
}
