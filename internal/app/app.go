package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"time"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/credential/journal"
	"github.com/avain-project/avain/internal/credential/rota"
	"github.com/avain-project/avain/internal/filelock"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/all"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/transfer"
	"github.com/avain-project/avain/internal/user"
	"github.com/avain-project/avain/internal/webhook"
)

// App is an opened Avain: its store is migrated and its key fits.
type App struct {
	cfg         Config
	logger      *slog.Logger
	store       *store.Store
	providers   provider.Registry
	access      *access.Service
	credentials *credential.Service
	journal     *journal.Journal
	operator    *operator.Service
	ring        *seal.Ring
	metrics     *metrics
	serving     *filelock.Lock // nil until it serves, and on PostgreSQL
	typed       *outbound.Typed
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
	typed, err := cfg.typed()
	if err != nil {
		return nil, err
	}
	var serving *filelock.Lock
	if cfg.Serving {
		if serving, err = cfg.lockServing(); err != nil {
			return nil, err
		}
	}
	opened, err := openStore(ctx, cfg)
	if err != nil {
		return nil, errors.Join(err, serving.Release())
	}
	a := compose(cfg, typed, logger, ring, opened)
	a.serving = serving
	if err := a.prepare(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// prepare brings the data to where the services can begin.
func (a *App) prepare(ctx context.Context) error {
	if err := migrate(ctx, a.store, a.logger); err != nil {
		return err
	}
	return a.operator.EnsureKey(ctx)
}

func compose(cfg Config, typed outbound.TypedConfig, logger *slog.Logger, ring *seal.Ring, s *store.Store) *App {
	a := &App{cfg: cfg, logger: logger, store: s, ring: ring, metrics: newMetrics(cfg.Version)}
	typed.Observe, typed.ObserveDial = a.metrics.outbound, a.metrics.typedDial
	clients := outbound.New(outbound.Config{
		APITimeout: cfg.ProviderTimeout, FirstByte: cfg.FirstByteTimeout, Observe: a.metrics.outbound, Typed: typed,
	})
	a.providers = cfg.Providers(clients)
	a.typed = clients.Typed
	a.access = access.New(s)
	a.journal = a.newJournal()
	a.credentials = credential.New(credential.Config{
		Store: s, Ring: ring, Providers: a.providers, Transport: clients.Stream.Transport, Now: cfg.Now, Logger: logger, Journal: a.journal,
		Renewing: rota.Limited(cfg.RenewalsAtOnce, cfg.Renewals),
	})
	a.operator = operator.New(operator.Config{
		Store: s, Ring: ring, Providers: a.providers, Credentials: a.credentials, PublicURL: a.knownPublicURL(), Now: cfg.Now,
		Typed: operator.TypedHosts{
			Networks: cfg.TypedNetworks, Plaintext: cfg.PlaintextHosts, CA: cfg.TypedCA, Lookup: a.typed.Lookup,
		},
	})
	if cfg.ReadKey != nil {
		a.operator.FollowKey(cfg.ReadKey)
	}
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

// Transfer brings accounts in from other systems, and out.
func (a *App) Transfer() *transfer.Service {
	return transfer.New(transfer.Config{Store: a.store, Credentials: a.credentials, Providers: a.providers, Now: a.cfg.Now})
}

// Store is the opened store.
func (a *App) Store() *store.Store { return a.store }

// Close waits for refreshes that a provider has seen, and lets go of the store
// after finishing accepted writes.
func (a *App) Close() error {
	a.credentials.Wait()
	a.emptyJournal()
	return errors.Join(a.store.Close(), a.serving.Release())
}

// webhooks tells applications what happens, by links to the flow at the public URL.
func (a *App) webhooks(public *url.URL) *webhook.Service {
	return webhook.New(webhook.Config{
		Store: a.store, Ring: a.ring, Client: a.typed.Client(), Links: a.flow(public), Now: a.cfg.Now, Logger: a.logger,
		Version: a.cfg.Version, Observe: a.metrics.delivery,
	})
}

// users answers for the applications' users.
func (a *App) users() *user.Service { return user.New(a.store, a.ring, a.cfg.Now) }

func (a *App) flow(public *url.URL) *connect.Service {
	return connect.New(connect.Config{
		Store: a.store, Credentials: a.credentials, Users: a.users(), Providers: a.providers,
		PublicURL: public, Now: a.cfg.Now, MaxOpenAttempts: a.cfg.MaxOpenAttempts,
	})
}

func (c Config) withDefaults() Config {
	if c.ShutdownTimeout == 0 {
		c.ShutdownTimeout = 30 * time.Second
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
	}
	if c.Providers == nil {
		c.Providers = all.Registry
	}
	if c.moved = c.Now; c.Now == nil {
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
