package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/postgres"
	"github.com/avain-project/avain/internal/store/sqlite"
)

// Backup copies the database to path, which must not exist, while a server runs.
// The key is not in the copy. PostgreSQL has tools of its own for that: naming them is
// an error of wrong use.
func Backup(ctx context.Context, cfg Config, path string) error {
	_, err := withStore(ctx, cfg, func(s *store.Store) (struct{}, error) { return struct{}{}, s.Backup(ctx, path) })
	if errors.Is(err, errors.ErrUnsupported) {
		return &UsageError{Err: err}
	}
	return err
}

// Migrate brings the schema up to date. It needs no key.
func Migrate(ctx context.Context, cfg Config) (store.MigrationReport, error) {
	return withStore(ctx, cfg, func(s *store.Store) (store.MigrationReport, error) { return s.Migrate(ctx) })
}

// MigrationStatus tells what Migrate would do, and changes nothing.
func MigrationStatus(ctx context.Context, cfg Config) (store.MigrationReport, error) {
	return withStore(ctx, cfg, func(s *store.Store) (store.MigrationReport, error) { return s.MigrationStatus(ctx) })
}

// HoldsSealed tells whether the database holds anything that a key has sealed.
func HoldsSealed(ctx context.Context, cfg Config) (bool, error) {
	return withStore(ctx, cfg, func(s *store.Store) (bool, error) { return operator.HoldsSealed(ctx, s) })
}

// RecordedKeys names the keys that the database was sealed with, as far as it tells.
func RecordedKeys(ctx context.Context, cfg Config) ([]string, error) {
	return withStore(ctx, cfg, func(s *store.Store) ([]string, error) {
		status, err := s.MigrationStatus(ctx)
		if err != nil || status.Current == 0 {
			return nil, err
		}
		return operator.RecordedKeys(ctx, s)
	})
}

// withStore opens the database as it is, for one look at it or one change of it as
// a whole.
func withStore[T any](ctx context.Context, cfg Config, do func(*store.Store) (T, error)) (T, error) {
	opened, err := openStore(ctx, cfg)
	if err != nil {
		var none T
		return none, err
	}
	done, err := do(opened)
	return done, errors.Join(err, opened.Close())
}

// migrate brings the schema up to date. One that a newer version has written may hold what
// this one would overlook or break, unless it says that it does not.
func migrate(ctx context.Context, s *store.Store, logger *slog.Logger) error {
	report, err := s.Migrate(ctx)
	if err != nil {
		return fmt.Errorf("bring the database up to date: %w", err)
	}
	if !report.Serves() {
		return fmt.Errorf("the database has schema version %d, and this avain knows %d: start the version that wrote it, or a newer one", report.Current, report.Latest)
	}
	if report.Current > report.Latest {
		logger.WarnContext(ctx, "a newer version has upgraded the database, which this one may serve until it is upgraded itself", "schema", report.Current, "known", report.Latest)
	}
	return nil
}

func openStore(ctx context.Context, cfg Config) (*store.Store, error) {
	at, err := cfg.Location()
	if err != nil {
		return nil, err
	}
	if err := cfg.makeDataDir(); err != nil && at.URL == "" { // else beginJournal tells
		return nil, err
	}
	var engine store.Engine
	if at.URL != "" {
		engine, err = postgres.Open(ctx, postgres.Config{URL: at.URL})
	} else {
		engine, err = sqlite.Open(ctx, sqlite.Config{Path: at.File})
	}
	switch {
	case errors.Is(err, postgres.ErrURL):
		return nil, usage("--database: %w", err)
	case err != nil:
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if cfg.WrapEngine != nil {
		engine = cfg.WrapEngine(engine)
	}
	opened := store.New(engine)
	if cfg.moved != nil {
		opened.At(cfg.moved)
	}
	return opened, nil
}
