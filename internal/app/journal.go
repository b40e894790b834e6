package app

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/avain-project/avain/internal/credential/journal"
	"github.com/avain-project/avain/internal/jobs"
	"github.com/avain-project/avain/internal/store"
)

func (a *App) newJournal() *journal.Journal {
	dir := ""
	if a.cfg.DataDir != "" {
		dir = filepath.Join(a.cfg.DataDir, "journal")
	}
	j := journal.New(journal.Config{Dir: dir, Logger: a.logger, Observe: a.metrics.journalled})
	a.metrics.watchJournal(j)
	return j
}

// beginJournal says whether the journal keeps what it promises, and saves what is in it before
// anything is served.
func (a *App) beginJournal(ctx context.Context) {
	if why := a.unkept(ctx); why != "" {
		a.logger.WarnContext(ctx, "the journal is off: new tokens that the database does not take are lost if this process ends", "reason", why)
	}
	if err := a.credentials.Replay(ctx); err != nil {
		a.logger.ErrorContext(ctx, "the journal cannot be saved yet; it is tried again", "entries", a.journal.Len(), "error", err)
	}
}

// unkept says why entries may not outlive the process; "" where they do.
func (a *App) unkept(ctx context.Context) string {
	if err := a.journal.Check(ctx); err != nil {
		return err.Error()
	}
	if at, err := a.cfg.Location(); err == nil && at.URL != "" && a.cfg.DataDirAssumed {
		return "no data directory is named: --data-dir on a disk that outlives this server"
	}
	return ""
}

// replay saves what the journal keeps as soon as the database takes it, and ends what was
// under way when it went.
func (a *App) replay(ctx context.Context) {
	jobs.Run(ctx, a.logger, jobs.Task{Name: "replay the journal", Interval: time.Second, Do: func(ctx context.Context) error {
		saved := a.credentials.Replay(ctx)
		if errors.Is(saved, store.ErrUnavailable) { // told when it was kept
			saved = nil
		}
		ended := a.credentials.EndClaims(ctx)
		if errors.Is(ended, store.ErrUnavailable) { // told when it could not be ended
			ended = nil
		}
		return errors.Join(saved, ended)
	}})
}

// emptyJournal is the last try of a process that ends.
func (a *App) emptyJournal() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if a.journal.Held() == 0 {
		return
	}
	_ = a.credentials.Replay(ctx)
	if lost := a.journal.Held(); lost > 0 {
		a.logger.ErrorContext(ctx, "new tokens that could not be saved are lost", "accounts", lost)
	}
}
