package operator

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

// Health is how a registration fares at one of the provider's authorization servers.
type Health = store.Health

// expiryWarnings are how long before a client secret ends its operator is told.
func expiryWarnings() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{0, day, 7 * day, 30 * day}
}

// ParseExpiry reads the day or the moment when a client secret ends; a day ends it at its
// first moment, in UTC. Empty is the zero time: nobody knows.
func ParseExpiry(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usagef("%q is no day: write it as 2027-01-31", s)
}

// expiryOver is when the secret ends that a change leaves: what was said of another secret
// does not hold for a new one.
func (in SetRegistration) expiryOver(before, after account.Registration) time.Time {
	switch {
	case in.SecretExpires != nil:
		return in.SecretExpires.UTC().Truncate(time.Millisecond) // as it is stored
	case len(in.Secrets) > 0 && !sameSecrets(before.Secrets, after.Secrets):
		return time.Time{}
	}
	return before.SecretExpires
}

// Expiring is a registration whose client secret ends soon, or has ended.
type Expiring struct {
	Registration account.Registration // without its secrets
	Application  account.Application
	Left         time.Duration // 0 or less: it has ended
	// Warning is the last of 30, 7 and 1 days and 0 that has been reached.
	Warning time.Duration
}

// Text says it in a sentence.
func (e Expiring) Text() string {
	on := e.Registration.SecretExpires.Format(time.DateOnly)
	days := int(e.Left / (24 * time.Hour))
	switch {
	case e.Left <= 0:
		return "its client secret ended on " + on
	case days == 0:
		return "its client secret ends within a day, on " + on
	case days == 1:
		return "its client secret ends in a day, on " + on
	}
	return fmt.Sprintf("its client secret ends in %d days, on %s", days, on)
}

// ExpiringSecrets lists the registrations whose client secret ends within 30 days, as far
// as the operator has entered it.
func (s *Service) ExpiringSecrets(ctx context.Context) ([]Expiring, error) {
	apps, err := s.applicationsByID(ctx, "")
	if err != nil {
		return nil, err
	}
	records, err := s.Store.Registrations(ctx, "")
	if err != nil {
		return nil, err
	}
	var list []Expiring
	for _, r := range records {
		if e, soon := s.expiring(apps[r.ApplicationID], r.Registration); soon {
			list = append(list, e)
		}
	}
	return list, nil
}

func (s *Service) expiring(app account.Application, reg account.Registration) (Expiring, bool) {
	if reg.SecretExpires.IsZero() {
		return Expiring{}, false
	}
	e := Expiring{Registration: reg, Application: app, Left: reg.SecretExpires.Sub(s.Now())}
	for _, e.Warning = range expiryWarnings() {
		if e.Left <= e.Warning {
			return e, true
		}
	}
	return Expiring{}, false
}

// examineExpiry tells in time that a client secret ends.
func (s *Service) examineExpiry(e *examined, app account.Application, record store.Registration) {
	ending, soon := s.expiring(app, record.Registration)
	switch {
	case record.SecretExpires.IsZero():
	case !soon:
		e.add(OK, "its client secret ends on "+record.SecretExpires.Format(time.DateOnly), "")
	default:
		level := Warn
		if ending.Left <= 0 {
			level = Error
		}
		e.add(level, ending.Text(), "make a new one at the provider, and enter it beside the old: "+e.again+" --add-secret --client-secret-file PATH --client-secret-expires DAY")
	}
}

// examineHealth tells what the provider has against a registration.
func examineHealth(e *examined, failing []Health) {
	for _, h := range failing {
		text := "the provider refuses it since " + h.Since.Format(time.RFC3339) + " (" + h.Refusal.Code + ")"
		if h.Place != "" {
			text += " at " + h.Place
		}
		if h.Refusal.Cause != "" {
			text += ": " + h.Refusal.Cause
		}
		if !h.Stopped {
			e.add(Warn, text+"; it was changed since, and not asked for again", "")
			continue
		}
		var cure []string
		if h.Refusal.Cure != "" {
			cure = append(cure, h.Refusal.Cure)
		}
		cure = append(cure, "its accounts are untouched, and renewed again as soon as the provider takes it")
		e.add(Error, text, strings.Join(cure, "; "))
	}
}

// failing lists what fails, by registration.
func (s *Service) failing(ctx context.Context) (map[string][]Health, error) {
	list, err := s.Store.FailingRegistrations(ctx)
	if err != nil {
		return nil, err
	}
	byID := map[string][]Health{}
	for _, h := range list {
		byID[h.RegistrationID] = append(byID[h.RegistrationID], h)
	}
	return byID, nil
}
