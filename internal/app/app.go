package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"time"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/all"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/sqlite"
)

// App is an opened Avain: its store is migrated and its key fits.
type App struct {
	cfg         Config
	logger      *slog.Logger
	store       *store.Store
	providers   provider.Registry
	access      *access.Service
	credentials *credential.Service
	operator    *operator.Service
	metrics     *metrics
}

// ErrNoKey says that no key was given. The commands show how to make one.
var ErrNoKey = errors.New("no key")

// Open opens the store, brings its schema up to date and makes the services. It
// refuses a key that does not open what the store holds.
func Open(ctx context.Context, cfg Config) (*App, error) {
	cfg = cfg.withDefaults()
	logger, err := newLogger(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Key.IsZero() {
		return nil, ErrNoKey
	}
	ring, err := seal.ParseRing(cfg.Key)
	if err != nil {
		return nil, &UsageError{Err: err}
	}
	opened, err := OpenStore(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, opened); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	a := compose(cfg, logger, ring, opened)
	if err := a.operator.EnsureKey(ctx); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return a, nil
}

// migrate brings the schema up to date. One that a newer version has written may
// hold what this one would overlook or break.
func migrate(ctx context.Context, s *store.Store) error {
	report, err := s.Migrate(ctx)
	if err != nil {
		return fmt.Errorf("bring the database up to date: %w", err)
	}
	if report.Current > report.Latest {
		return fmt.Errorf("the database has schema version %d, and this avain knows %d: start the version that wrote it, or a newer one", report.Current, report.Latest)
	}
	return nil
}

// OpenStore opens the database as it is, for commands that look at the schema
// itself.
func OpenStore(ctx context.Context, cfg Config) (*store.Store, error) {
	path, err := cfg.DatabasePath()
	if err != nil {
		return nil, err
	}
	if cfg.DataDir != "" {
		if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
			return nil, fmt.Errorf("make the data directory: %w", err)
		}
	}
	engine, err := sqlite.Open(ctx, sqlite.Config{Path: path})
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return store.New(engine), nil
}

func compose(cfg Config, logger *slog.Logger, ring *seal.Ring, s *store.Store) *App {
	a := &App{cfg: cfg, logger: logger, store: s, metrics: newMetrics(cfg.Version)}
	clients := outbound.New(outbound.Config{
		APITimeout: cfg.ProviderTimeout, FirstByte: cfg.FirstByteTimeout, Observe: a.metrics.outbound,
	})
	a.providers = all.Registry(clients)
	a.access = access.New(s)
	a.credentials = credential.New(credential.Config{
		Store: s, Ring: ring, Providers: a.providers, Transport: clients.Stream.Transport, Now: cfg.Now, Logger: logger,
	})
	a.operator = operator.New(operator.Config{
		Store: s, Ring: ring, Providers: a.providers, Credentials: a.credentials, PublicURL: a.knownPublicURL(), Now: cfg.Now,
	})
	return a
}

// knownPublicURL is the public URL as far as it is known before anything listens.
func (a *App) knownPublicURL() *url.URL {
	u, err := a.cfg.publicURL(a.cfg.Listen)
	if err != nil {
		return nil
	}
	return u
}

// Operator is what an operator can do with the data.
func (a *App) Operator() *operator.Service { return a.operator }

// Store is the opened store.
func (a *App) Store() *store.Store { return a.store }

// Close lets go of the store, after finishing accepted writes.
func (a *App) Close() error { return a.store.Close() }

func (a *App) flow(public *url.URL) *connect.Service {
	return connect.New(connect.Config{
		Store: a.store, Credentials: a.credentials, Providers: a.providers,
		PublicURL: public, Now: a.cfg.Now, Logger: a.logger,
	})
}

func (c Config) withDefaults() Config {
	if c.ShutdownTimeout == 0 {
		c.ShutdownTimeout = 30 * time.Second
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.LogTo == nil {
		c.LogTo = io.Discard
	}
	if c.Version == "" {
		c.Version = "dev"
	}
	return c
}

func newLogger(cfg Config) (*slog.Logger, error) {
	var level slog.Level
	if cfg.LogLevel != "" {
		if err := level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
			return nil, usage("--log-level %q: debug, info, warn or error", cfg.LogLevel)
		}
	}
	options := &slog.HandlerOptions{Level: level}
	switch cfg.LogFormat {
	case "", "json":
		return slog.New(slog.NewJSONHandler(cfg.LogTo, options)), nil
	case "text":
		return slog.New(slog.NewTextHandler(cfg.LogTo, options)), nil
	}
	return nil, usage("--log-format %q: json or text", cfg.LogFormat)
}
