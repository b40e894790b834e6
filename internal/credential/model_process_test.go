package credential_test

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/credential/journal"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// verdict is what a stopped process is told.
type verdict string

const (
	goOn   verdict = "goes on"
	fails  verdict = "fails, nothing done"
	unsure verdict = "fails, though it was done"
	dies   verdict = "and its process is killed"
)

var (
	errStore = errors.Join(store.ErrUnavailable, errors.New("the store is away"))
	errGone  = errors.Join(store.ErrUnavailable, errors.New("the process is gone"))
)

// stop is a process that stands before a step.
type stop struct {
	process *process
	what    string
	told    chan verdict
}

// process is one server.
type process struct {
	*credential.Service
	*model
	name string
	busy int // with so many requests
	gone bool

	claimed time.Time // its last claim
	// holds is the answer that it has to save.
	holds *issued
}

func (m *model) isAway() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.away
}

func (p *process) isGone() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gone
}

// keeps notes that the answer is in the journal on the disk.
func (p *process) keeps() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.holds != nil {
		p.holds.kept = true
	}
}

func (m *model) process(name string, skew int) *process {
	p := &process{model: m, name: name}
	now := func() time.Time { return time.Now().Add(time.Duration(skew) * time.Second) }
	p.Service = credential.New(credential.Config{
		Store: stopping{m.db, p}, Ring: m.ring, Providers: provider.NewRegistry(&asker{p: p}), Now: now,
		Logger:  slog.New(slog.DiscardHandler),
		Journal: journal.New(journal.Config{Dir: "journal", Files: folder{m.disk(name), p}, Logger: slog.New(slog.DiscardHandler)}),
		Random:  func(below time.Duration) time.Duration { return below / 2 },
	})
	return p
}

// reach stops the process before a step, and returns what it is told.
func (p *process) reach(what string) verdict {
	p.mu.Lock()
	switch {
	case p.gone:
		p.mu.Unlock()
		return dies
	case p.calm:
		p.mu.Unlock()
		return goOn
	}
	s := &stop{p, what, make(chan verdict, 1)}
	p.waiting = append(p.waiting, s)
	p.mu.Unlock()
	return <-s.told
}

// stopping is the store as a process reaches it.
type stopping struct {
	credential.Store
	p *process
}

// step does what changes the store, as it is told.
func (s stopping) step(what string, do func() error) error {
	if s.p.isAway() {
		return errStore
	}
	switch s.p.reach(what) {
	case dies:
		return errGone
	case fails:
		return errStore
	case unsure:
		return errors.Join(errStore, do())
	}
	return do()
}

func (s stopping) ClaimRefresh(ctx context.Context, r store.ClaimRequest) (claim store.Claim, err error) {
	err = s.step("claims", func() (err error) {
		if claim, err = s.Store.ClaimRefresh(ctx, r); err == nil {
			s.p.claimed = time.Now()
		}
		return err
	})
	return claim, err
}

func (s stopping) ReleaseRefresh(ctx context.Context, c store.Claim, r store.Release) error {
	return s.step("releases", func() error {
		err := s.Store.ReleaseRefresh(ctx, c, r)
		s.p.mu.Lock()
		defer s.p.mu.Unlock()
		if err == nil && r.Doubt && r.Wait > 0 && s.p.holds != nil { // its answer is in the journal
			s.p.holds.until = time.Now().Add(r.Wait)
		}
		return err
	})
}

func (s stopping) Credential(ctx context.Context, id account.ID) (c store.Credential, err error) {
	err = s.step("reads", func() (err error) {
		c, err = s.Store.Credential(ctx, id)
		return err
	})
	return c, err
}

func (s stopping) MarkToken(ctx context.Context, id account.ID, generation int64, state store.TokenState) (changed bool, err error) {
	err = s.step("marks", func() (err error) {
		changed, err = s.Store.MarkToken(ctx, id, generation, state)
		return err
	})
	return changed, err
}

// SaveCredential notes what becomes of the answer.
func (s stopping) SaveCredential(ctx context.Context, c store.Credential, expect int64, state store.TokenState) error {
	done := false
	err := s.step("saves", func() error {
		err := s.Store.SaveCredential(ctx, c, expect, state)
		done = err == nil || errors.Is(err, store.ErrConflict)
		return err
	})
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if done {
		s.p.holds = nil
	}
	return err
}

func (p *process) start(what string, do func() error) {
	p.note("%s %s", p.name, what)
	p.mu.Lock()
	p.busy++
	p.mu.Unlock()
	go func() {
		err := do()
		p.note("%s %s: done, %v", p.name, what, err)
		p.mu.Lock()
		p.busy--
		p.mu.Unlock()
	}()
}

// replays saves what is in the journal, as a start does, and each second after it.
func (p *process) replays() error { return p.Replay(context.Background()) }

func (p *process) renew() error {
	acct, err := p.db.Account(context.Background(), p.id)
	if err != nil {
		return err
	}
	return p.Renew(context.Background(), acct)
}

// signIn stores a new grant as connect does: it decides anew where it was overtaken.
func (p *process) signIn() error {
	ctx, tokens := context.Background(), p.grants.signIn()
	for {
		acct, err := p.db.Account(ctx, p.id)
		if err != nil {
			return err
		}
		plan, err := p.Plan(ctx, &acct, account.Registration{ID: acct.RegistrationID, ServiceType: account.Google}, tokens)
		if err != nil {
			return err
		}
		acct.TokenStatus, acct.TokenError, acct.AuthExpiresAt = account.TokenActive, "", plan.ExpiresAt
		plan.Credential.AccountID = acct.ID
		err = stopping{p.db, p}.step("stores the sign-in", func() error {
			err := p.db.SaveConnection(ctx, store.Connection{Account: acct, Credential: plan.Credential, ExpectGeneration: plan.ExpectGeneration})
			if err == nil {
				p.newest = tokens.Refresh.Reveal()
			}
			return err
		})
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}
