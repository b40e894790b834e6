package credential

import (
	"errors"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

// pause is how long a provider wants to be left alone about one credential. To ask
// before that time would only make it longer.
type pause struct {
	generation int64
	until      time.Time
	refusal    provider.Error
}

// pausing is the refusal that still holds for the credential, with what is left of
// its wait; nil where it may be renewed.
func (s *Service) pausing(id account.ID, generation int64) error {
	p, ok := s.remembered.pauses.Get(id)
	if !ok || p.generation != generation || !s.Now().Before(p.until) {
		return nil
	}
	again := p.refusal
	again.RetryAfter = (p.until.Sub(s.Now()) + time.Second - 1).Truncate(time.Second)
	return &again
}

// notePause remembers a limit of the provider that names its end.
func (s *Service) notePause(id account.ID, generation int64, refusal error) {
	var e *provider.Error
	if errors.As(refusal, &e) && e.Code == provider.CodeLimited {
		s.remembered.pauses.Add(id, pause{generation, s.Now().Add(e.RetryAfter), *e})
	}
}
