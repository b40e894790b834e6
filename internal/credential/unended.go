package credential

import (
	"context"
	"sync"
	"time"

	"github.com/avain-project/avain/internal/store"
)

// unended are claims whose end the store did not take: it was away. Nobody works on them
// any more, but everybody else would wait until their time is up.
type unended struct {
	mu   sync.Mutex
	ends []claimEnd
}

type claimEnd struct {
	claim   store.Claim
	release store.Release
	over    time.Time // the claim's time is up by then
}

// endLater is for a claim that was made, or that nobody knows of whether it was.
func (s *Service) endLater(claim store.Claim, r store.Release) {
	s.unended.mu.Lock()
	defer s.unended.mu.Unlock()
	s.unended.ends = append(s.unended.ends, claimEnd{claim, r, time.Now().Add(s.RefreshTimeout + claimMargin)})
}

// EndClaims ends the claims that could not be ended while the store was away. An error says
// that it still is. It is to be called every second or so, after [Service.Replay].
func (s *Service) EndClaims(ctx context.Context) error {
	s.unended.mu.Lock()
	ends := s.unended.ends
	s.unended.ends = nil
	s.unended.mu.Unlock()
	for i, e := range ends {
		if time.Now().After(e.over) {
			continue
		}
		if err := s.Store.ReleaseRefresh(ctx, e.claim, e.release); err != nil {
			s.unended.mu.Lock()
			s.unended.ends = append(s.unended.ends, ends[i:]...)
			s.unended.mu.Unlock()
			return err
		}
	}
	return nil
}
