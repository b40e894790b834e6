package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// Store is the queue and what deliveries are made of. *store.Store implements it.
type Store interface {
	ClaimEndpoints(ctx context.Context, holder string, n int, length time.Duration) ([]store.Endpoint, error)
	DueDeliveries(ctx context.Context, e store.Endpoint, n int) ([]store.Delivery, error)
	Delivered(ctx context.Context, d store.Delivery) error
	Undelivered(ctx context.Context, e store.Endpoint, d store.Delivery, failure string, wait time.Duration) error
	ReleaseEndpoint(ctx context.Context, e store.Endpoint, failure string, pause time.Duration) error
	Application(ctx context.Context, id string) (store.Application, error)
	SigningSecret(ctx context.Context, applicationID string) (store.SigningSecret, error)
}

// Links makes links by which a person signs in again. "" is none, where it would be of no
// use any more. *connect.Service implements it.
type Links interface {
	Link(ctx context.Context, id account.ID, generation int64, life time.Duration) (address string, ends time.Time, err error)
}

// Config is what the service is made of.
type Config struct {
	Store Store
	Ring  *seal.Ring
	// Client makes the calls: outbound's for typed hosts. Its redirects are not followed.
	Client  *http.Client
	Links   Links
	Now     func() time.Time
	Logger  *slog.Logger
	Version string // told to receivers
	// Observe is told of each try: "" or why it failed.
	Observe func(Failure)
}

// Service delivers. All that lasts is in the store; it may run in several processes.
type Service struct {
	Config
	client *http.Client
}

// New makes the service.
func New(cfg Config) *Service {
	client := *cfg.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if cfg.Observe == nil {
		cfg.Observe = func(Failure) {}
	}
	return &Service{Config: cfg, client: &client}
}

// Bounds of the work.
const (
	endpointsAtOnce = 16
	triesAtOnce     = 16 // at one endpoint
	batch           = 64
	// claimFor outlasts the work on one endpoint, its last tries and their notes.
	claimFor = 2 * time.Minute
	workFor  = claimFor - tryTime - 30*time.Second
)

// Deliver sends what is due, until nothing is. Tries that are under way when ctx ends are
// finished.
func (s *Service) Deliver(ctx context.Context) error {
	for ctx.Err() == nil {
		endpoints, err := s.Store.ClaimEndpoints(ctx, account.NewRecordID(), endpointsAtOnce, claimFor)
		if err != nil || len(endpoints) == 0 {
			return err
		}
		failed := make([]error, len(endpoints))
		var group errgroup.Group
		for i, e := range endpoints {
			group.Go(func() error {
				failed[i] = s.serve(ctx, e)
				return nil
			})
		}
		_ = group.Wait()
		if err := errors.Join(failed...); err != nil {
			return err
		}
	}
	return nil
}

// serve delivers to one claimed endpoint.
func (s *Service) serve(ctx context.Context, e store.Endpoint) error {
	lasting := context.WithoutCancel(ctx)
	ctx, cancel := context.WithTimeout(ctx, workFor)
	defer cancel()
	trouble, err := s.work(ctx, &e)
	if err == nil && trouble != "" {
		if e.Failures == 0 {
			s.Logger.WarnContext(ctx, "a webhook fails; it is tried again", "application", e.ApplicationID, "endpoint", e.ID, "failure", string(trouble))
		}
		return s.Store.ReleaseEndpoint(lasting, e, string(trouble), pauseAfter(e.Failures+1))
	}
	if err != nil {
		// Something of ours is wrong: the endpoint is not to be taken up again at once.
		return errors.Join(err, s.Store.ReleaseEndpoint(lasting, e, string(Unreachable), pauseAfter(e.Failures+1)))
	}
	return s.Store.ReleaseEndpoint(lasting, e, "", 0)
}

// work sends what is due, until nothing is, its time is up, or the endpoint is in trouble.
func (s *Service) work(ctx context.Context, e *store.Endpoint) (trouble Failure, err error) {
	lasting := context.WithoutCancel(ctx)
	app, signing, err := s.signer(lasting, e.ApplicationID)
	if err != nil {
		return "", fmt.Errorf("deliver to a webhook of application %s: %w", e.ApplicationID, err)
	}
	n := batch
	if e.Failures > 0 { // one will tell
		n = 1
	}
	for ctx.Err() == nil {
		due, err := s.Store.DueDeliveries(lasting, *e, n)
		if err != nil || len(due) == 0 {
			return "", err
		}
		var arrived atomic.Int64
		var wide atomic.Value
		var group errgroup.Group
		group.SetLimit(triesAtOnce)
		for _, d := range due {
			group.Go(func() error {
				if ctx.Err() != nil {
					return nil // left for the next claim
				}
				failed, all, err := s.deliver(lasting, app, signing, *e, d)
				switch {
				case err != nil:
				case failed == "":
					arrived.Add(1)
				case all:
					wide.Store(failed)
				}
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return "", err
		}
		failed, troubled := wide.Load().(Failure)
		switch {
		case arrived.Load() > 0:
			e.Failures = 0
		case troubled:
			return failed, nil
		}
		n = batch
	}
	return "", nil
}

// signer is the application with its opened signing secret.
func (s *Service) signer(ctx context.Context, applicationID string) (store.Application, secret.Text, error) {
	app, err := s.Store.Application(ctx, applicationID)
	if err != nil {
		return store.Application{}, secret.Text{}, err
	}
	sealed, err := s.Store.SigningSecret(ctx, applicationID)
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("it has no signing secret, make one with avain app signing-secret: %w", err)
	}
	if err != nil {
		return store.Application{}, secret.Text{}, err
	}
	key, err := s.Ring.OpenDataKey(app.DataKey, app.ID)
	if err != nil {
		return store.Application{}, secret.Text{}, err
	}
	plain, err := key.Open(sealed.Sealed, store.LabelSigningSecret, sealed.ID)
	return app, secret.New(string(plain)), err
}

// deliver tries one delivery once, and notes what became of it.
func (s *Service) deliver(ctx context.Context, app store.Application, signing secret.Text, e store.Endpoint, d store.Delivery) (failed Failure, wide bool, err error) {
	body, err := s.body(ctx, app, d.Event)
	if err != nil {
		return "", false, err
	}
	failed, wide = s.attempt(ctx, e.URL, signing, body)
	s.Observe(failed)
	if failed == "" {
		return "", false, s.Store.Delivered(ctx, d)
	}
	s.Logger.InfoContext(ctx, "an event was not delivered", "application", app.ID, "endpoint", e.ID,
		"event", d.Event.ID, "kind", string(d.Event.Kind), "tries", d.Attempts+1, "failure", string(failed))
	return failed, wide, s.Store.Undelivered(ctx, e, d, string(failed), pauseAfter(d.Attempts+1))
}
