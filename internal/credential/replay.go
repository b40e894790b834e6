package credential

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential/journal"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/store"
)

// New tokens that the store does not take wait in the journal. Whoever is about to ask the
// provider, or to change the credential, has them saved first; so do the start and a job.

// codeKept is the failure of a refresh whose answer waits in the journal of one process.
const codeKept = "answer_kept"

// The process that keeps an answer saves it within seconds once it can. Until keptPause has
// passed nobody asks the provider, and until keptDoubt has, a refusal proves nothing.
const (
	keptPause = time.Minute
	keptDoubt = 10 * time.Minute
)

// errUnsaved marks the failure of a save.
var errUnsaved = errors.New("the store does not take the new tokens")

// keep puts what could not be saved into the journal.
func (s *Service) keep(ctx context.Context, e journal.Entry, failure error) journal.Kept {
	id := e.Credential.AccountID
	kept, err := s.Journal.Keep(e)
	switch {
	case err == nil:
		s.Logger.ErrorContext(ctx, "new tokens could not be saved; they are in the journal until they can", "account", id, "error", failure, "file", kept.Name())
	case errors.Is(err, journal.ErrFull):
		s.Logger.ErrorContext(ctx, "new tokens could not be saved, and the journal is full: they are lost if the next tries fail", "account", id, "error", failure)
	default:
		s.Logger.ErrorContext(ctx, "new tokens could not be saved; they are in memory, and lost if this process ends", "account", id, "error", failure, "journal", err)
	}
	return kept
}

// RefusedAtOnce is how many entries the store may refuse until it is left alone for a while.
const RefusedAtOnce = 8

// Replay saves what is in the journal, as far as the store takes it. What it refuses stands in
// nobody's way: the next call begins behind that.
func (s *Service) Replay(ctx context.Context) error {
	_ = s.Journal.Flush() // told when it was kept
	entries, failed := s.Journal.All(ctx)
	from := 0
	if len(entries) > 0 {
		from = int(s.refusals.Load() % uint64(len(entries)))
	}
	refused := 0
	for _, kept := range slices.Concat(entries[from:], entries[:from]) {
		err := s.replay(ctx, kept)
		if err == nil {
			continue
		}
		failed = errors.Join(failed, err)
		s.refusals.Add(1)
		if refused++; !errors.Is(err, errUnsaved) || refused == RefusedAtOnce {
			break
		}
	}
	return failed
}

// replayOf is Replay for one account: after nil, nothing that could be read waits for it.
func (s *Service) replayOf(ctx context.Context, id account.ID) error {
	entries, err := s.Journal.Of(ctx, id)
	if err != nil {
		s.Logger.ErrorContext(ctx, "an account's entries of the journal could not all be read", "account", id, "error", err)
	}
	for _, kept := range entries {
		if err := s.replay(ctx, kept); err != nil {
			return err
		}
	}
	return nil
}

// replay saves one entry in place of what it was made from. An error says that the store is
// not there for it; anything else ends the entry.
func (s *Service) replay(ctx context.Context, kept journal.Kept) error {
	id, record := kept.Credential.AccountID, kept.Credential
	stored, err := s.Store.Credential(ctx, id)
	gone := errors.Is(err, store.ErrNotFound)
	if err != nil && !gone {
		return fault.Wrap(fault.StoreUnavailable, err)
	}
	if stored.RecordID == record.RecordID {
		record.DataKey = stored.DataKey // the same key; the ring may have wrapped it anew
	} else if !gone {
		s.Journal.SetAside(ctx, kept, fmt.Errorf("account %s of this database has another record: the entry is of another one", id))
		return nil
	}
	switch _, unopened := s.unseal(record); {
	case unopened != nil:
		s.Journal.SetAside(ctx, kept, unopened)
	case gone:
		s.overtaken(ctx, kept)
	case stored.Generation != kept.Expect:
		s.settled(ctx, kept, stored)
	default:
		return s.saveKept(ctx, kept, record)
	}
	return nil
}

func (s *Service) saveKept(ctx context.Context, kept journal.Kept, record store.Credential) error {
	err := s.Store.SaveCredential(ctx, record, kept.Expect, kept.State)
	switch {
	case errors.Is(err, store.ErrConflict):
		if stored, err := s.Store.Credential(ctx, record.AccountID); err == nil {
			s.settled(ctx, kept, stored)
			return nil
		}
		return nil // deleted under our hands: the next look drops it
	case err != nil:
		return fault.Wrap(fault.StoreUnavailable, fmt.Errorf("save what the journal keeps for account %s: %w: %w", record.AccountID, errUnsaved, err))
	}
	s.Journal.Drop(ctx, kept, journal.Saved)
	s.Logger.InfoContext(ctx, "saved new tokens from the journal", "account", record.AccountID)
	return nil
}

// settled drops an entry whose time is over: a save that was taken for failed may have come about.
func (s *Service) settled(ctx context.Context, kept journal.Kept, stored store.Credential) {
	if bytes.Equal(stored.Sealed, kept.Credential.Sealed) {
		s.Journal.Drop(ctx, kept, journal.Saved)
		return
	}
	s.overtaken(ctx, kept)
}

func (s *Service) overtaken(ctx context.Context, kept journal.Kept) {
	s.Logger.WarnContext(ctx, "the journal kept tokens of a credential that is another one by now, or gone: dropped",
		"account", kept.Credential.AccountID, "generation", kept.Expect)
	s.Journal.Drop(ctx, kept, journal.Overtaken)
}
