package operator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// The key is changed in steps, and each may be cut off at any point and run again: the
// ring gets a new key that waits (AddKey); it becomes the primary (NextKey), and all data keys are wrapped by
// it (Rewrap); the older ones are dropped (DropKeys). The ring's written form is changed
// first, and then what depends on it: whoever calls writes RingChange.Key where the ring is
// kept, and then calls Adopt.

// RingChange is a key ring as it is to be from now on.
type RingChange struct {
	Key     secret.Text // written form
	KeyID   string      // of the key that the change is about, or ids
	Changed bool

	ring  *seal.Ring
	event string
}

func (s *Service) ringChange(ring *seal.Ring, about, event string) (RingChange, error) {
	text, err := ring.Encode()
	return RingChange{Key: text, KeyID: about, Changed: ring != s.Ring, ring: ring, event: event}, err
}

// AddKey adds a key that waits: every server can be given it before it wraps anything.
func (s *Service) AddKey() (RingChange, error) {
	if newest := s.Ring.Newest(); newest != s.Ring.ID() {
		return RingChange{}, usagef("key %s waits already: give the key ring to every server, then run avain key rotate", newest)
	}
	next, err := s.Ring.WithNewKey()
	if err != nil {
		return RingChange{}, err
	}
	return s.ringChange(next, next.Newest(), auditKeyAdded)
}

// NextKey makes the newest key the primary. Where none waits it adds one, unless a
// rotation was begun and is not finished: that one is to be finished first, and nothing is
// changed.
func (s *Service) NextKey(ctx context.Context) (RingChange, error) {
	next := s.Ring
	if s.Ring.Newest() == s.Ring.ID() {
		begun, err := s.rotationBegun(ctx)
		if err != nil {
			return RingChange{}, err
		}
		if begun {
			return s.ringChange(s.Ring, s.Ring.ID(), "")
		}
		if next, err = s.Ring.WithNewKey(); err != nil {
			return RingChange{}, err
		}
	}
	next, err := next.Promoted()
	if err != nil {
		return RingChange{}, err
	}
	return s.ringChange(next, next.ID(), auditKeyPromoted)
}

// rotationBegun tells whether anything is left for the primary key to take over.
func (s *Service) rotationBegun(ctx context.Context) (bool, error) {
	raw, err := s.Store.Meta(ctx, canaryKey)
	if err != nil {
		return false, err
	}
	mark, err := readCanary(s.Ring, raw)
	if err != nil || mark.Next != nil || mark.KeyID != s.Ring.ID() {
		return true, err
	}
	used, err := s.keyUses(ctx)
	for _, k := range s.Ring.Keys() {
		if k.State == seal.Older && used[k.ID] > 0 {
			return true, err
		}
	}
	return false, err
}

// DropKeys drops the keys older than the primary. It refuses while anything is wrapped by
// one of them.
func (s *Service) DropKeys(ctx context.Context) (RingChange, error) {
	var older []string
	for _, k := range s.Ring.Keys() {
		if k.State == seal.Older {
			older = append(older, k.ID)
		}
	}
	if len(older) == 0 {
		return s.ringChange(s.Ring, s.Ring.ID(), "")
	}
	if begun, err := s.rotationBegun(ctx); err != nil {
		return RingChange{}, err
	} else if begun {
		return RingChange{}, fmt.Errorf("data keys are still wrapped by an older key (%s): run avain key rotate until it ends well", strings.Join(older, ", "))
	}
	next, err := s.Ring.WithoutOlder()
	if err != nil {
		return RingChange{}, err
	}
	return s.ringChange(next, strings.Join(older, ", "), auditKeyDropped)
}

// Adopt uses the ring as it has been written.
func (s *Service) Adopt(ctx context.Context, c RingChange) error {
	if !c.Changed {
		return nil
	}
	s.Ring.Adopt(c.ring)
	return s.audit(ctx, c.event, "", 0, c.KeyID)
}

// RewrapReport is what [Service.Rewrap] has done.
type RewrapReport struct {
	KeyID     string
	Rewrapped int
	Failed    []string // records whose data key no key of the ring opens
}

// How much is written at once, and how often all is gone through.
const (
	rewrapBatch = 200
	// rewrapPasses bounds the walks: each finds what others have written during the one
	// before, which is nothing where every server knows the primary key.
	rewrapPasses = 20
)

// errOldWriters says that somebody goes on with an older key.
var errOldWriters = errors.New("servers still wrap new data keys by an older key: give each of them the new key ring, wait until their logs say that they have read it, and run avain key rotate again")

// Rewrap wraps every data key by the primary key, while servers go on: each is replaced
// only while it is the one that was read. It may be broken off, and begun again, at any
// point. progress, where it is not nil, is told after each batch how many data keys were
// looked at, of how many.
func (s *Service) Rewrap(ctx context.Context, progress func(done, total int)) (RewrapReport, error) {
	report := RewrapReport{KeyID: s.Ring.ID()}
	if err := s.beginRotation(ctx); err != nil {
		return report, err
	}
	for range rewrapPasses {
		w := rewrapping{Service: s, progress: progress}
		err := w.all(ctx)
		report.Rewrapped, report.Failed = report.Rewrapped+w.changed, w.failed
		switch {
		case err != nil:
			return report, err
		case w.found == 0 && len(w.failed) > 0:
			return report, nil // the older keys are still needed, perhaps
		case w.found == 0:
			return report, s.endRotation(ctx)
		}
	}
	return report, errOldWriters
}

// rewrapping is one walk over all data keys.
type rewrapping struct {
	*Service
	progress                    func(done, total int)
	done, total, found, changed int
	failed                      []string
}

func (w *rewrapping) all(ctx context.Context) error {
	for _, of := range store.KeyHolders() {
		n, err := w.Store.CountDataKeys(ctx, of)
		if err != nil {
			return err
		}
		w.total += n
	}
	for _, of := range store.KeyHolders() {
		if err := w.kind(ctx, of); err != nil {
			return err
		}
	}
	return nil
}

func (w *rewrapping) kind(ctx context.Context, of store.KeyHolder) error {
	for after := ""; ; {
		page, err := w.Store.DataKeys(ctx, of, after, rewrapBatch)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].RecordID
		if err := w.page(ctx, of, page); err != nil {
			return err
		}
		w.done += len(page)
		if w.progress != nil {
			w.progress(w.done, max(w.done, w.total))
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

func (w *rewrapping) page(ctx context.Context, of store.KeyHolder, page []store.WrappedKey) error {
	var batch []store.Rewrapped
	for _, k := range page {
		if seal.WrappedBy(k.DataKey) == w.Ring.ID() {
			continue
		}
		anew, err := w.Ring.Rewrap(k.DataKey, k.RecordID)
		if err != nil {
			w.failed = append(w.failed, string(of)+" "+k.RecordID)
			continue
		}
		batch = append(batch, store.Rewrapped{RecordID: k.RecordID, From: k.DataKey, To: anew})
	}
	w.found += len(batch)
	size := rewrapBatch
	if of != store.HolderCredentials {
		size = 1 // others hold several registrations at once, in an order of their own
	}
	for part := range slices.Chunk(batch, size) {
		n, err := w.Store.Rewrap(ctx, of, part)
		w.changed += n
		if err != nil {
			return err
		}
	}
	return nil
}

// beginRotation marks the database, so that from now on no ring will do that lacks the
// primary key. It refuses a ring that lacks the key of a rotation begun elsewhere.
func (s *Service) beginRotation(ctx context.Context) error {
	return s.changeCanary(ctx, func(c canary) (canary, error) {
		if c.KeyID == s.Ring.ID() && c.Next == nil || c.Next != nil && c.Next.KeyID == s.Ring.ID() {
			return c, nil
		}
		next, err := newCanary(s.Ring)
		c.Next = &next
		return c, err
	})
}

// endRotation marks the database by the primary key alone.
func (s *Service) endRotation(ctx context.Context) error {
	var from string
	err := s.changeCanary(ctx, func(c canary) (canary, error) {
		from = ""
		if c.Next == nil || c.Next.KeyID != s.Ring.ID() {
			return c, nil // somebody else has ended it
		}
		from = c.KeyID
		return *c.Next, nil
	})
	if err != nil || from == "" {
		return err
	}
	return s.audit(ctx, auditKeyRotated, "", 0, from+" to "+s.Ring.ID())
}

// changeCanary writes what change makes of the mark, and nothing where that is the same.
func (s *Service) changeCanary(ctx context.Context, change func(canary) (canary, error)) error {
	raw, err := s.Store.Meta(ctx, canaryKey)
	if err != nil {
		return err
	}
	have, err := readCanary(s.Ring, raw)
	if err != nil {
		return err
	}
	want, err := change(have)
	if err != nil {
		return err
	}
	changed, err := want.encode()
	if err != nil || bytes.Equal(changed, raw) {
		return err
	}
	err = s.Store.ReplaceMeta(ctx, canaryKey, raw, changed)
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("another rotation of the key runs at this moment: wait for its end, then run avain key rotate again: %w", err)
	}
	return err
}
