package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/avain-project/avain/internal/api"
	"github.com/avain-project/avain/internal/direct"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/jobs"
	"github.com/avain-project/avain/internal/listing"
	"github.com/avain-project/avain/internal/signin"
	"github.com/avain-project/avain/internal/webhook"
)

// Server is an App that listens.
type Server struct {
	// URL is the public URL in force.
	URL string
	// MetricsURL is where /metrics is served; empty if it is not.
	MetricsURL string

	app      *App
	webhooks *webhook.Service
	main     *http.Server
	metrics  *http.Server
	listener net.Listener
	scrapes  net.Listener
	stopping *atomic.Bool
}

// Run listens and serves until ctx ends.
func (a *App) Run(ctx context.Context) error {
	server, err := a.Listen(ctx)
	if err != nil {
		return err
	}
	return server.Serve(ctx)
}

// Listen takes the addresses, so that the URLs are known before anything is
// served.
func (a *App) Listen(ctx context.Context) (*Server, error) {
	if err := a.cfg.checkTLS(); err != nil {
		return nil, err
	}
	if a.serving == nil {
		var err error
		if a.serving, err = a.cfg.lockServing(); err != nil {
			return nil, err
		}
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", a.cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s (--listen chooses another address): %w", a.cfg.Listen, err)
	}
	s := &Server{app: a, listener: listener, stopping: new(atomic.Bool)}
	public, err := a.cfg.publicURL(listener.Addr().String())
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s.URL = public.String()
	if err := s.prepare(public); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	if a.cfg.MetricsListen != "" {
		if s.scrapes, err = config.Listen(ctx, "tcp", a.cfg.MetricsListen); err != nil {
			return nil, errors.Join(fmt.Errorf("listen on %s for metrics: %w", a.cfg.MetricsListen, err), listener.Close())
		}
		s.metrics = &http.Server{Handler: a.metrics.handler(), ReadHeaderTimeout: 10 * time.Second}
		s.MetricsURL = "http://" + s.scrapes.Addr().String() + "/metrics"
	}
	a.beginJournal(ctx)
	return s, nil
}

func (s *Server) prepare(public *url.URL) error {
	handler, err := s.app.handler(public, s.stopping)
	if err != nil {
		return err
	}
	s.webhooks = s.app.webhooks(public)
	s.main = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.app.logger.Handler(), slog.LevelWarn),
	}
	if s.app.cfg.TLSCert != "" {
		reload := &certificate{certFile: s.app.cfg.TLSCert, keyFile: s.app.cfg.TLSKey, logger: s.app.logger, now: s.app.cfg.Now}
		if _, err := reload.get(nil); err != nil {
			return &UsageError{Err: err}
		}
		s.main.TLSConfig = &tls.Config{GetCertificate: reload.get, MinVersion: tls.VersionTLS12}
	}
	return nil
}

// handler puts the faces together.
func (a *App) handler(public *url.URL, stopping *atomic.Bool) (http.Handler, error) {
	pages, err := signin.New()
	if err != nil {
		return nil, fmt.Errorf("prepare the pages: %w", err)
	}
	proxies, err := a.cfg.trustedProxies()
	if err != nil {
		return nil, err
	}
	server := api.New(api.Config{
		PublicURL: public, Connect: a.flow(public), Access: a.access, Users: a.users(), Accounts: a.credentials, Lists: listing.NewService(a.store, a.cfg.Now), Providers: a.providers,
		Origins: a.store, Logos: a.store, Hosts: a.store,
		Pages: faces{pages},
		Ready: func(ctx context.Context) error {
			if stopping.Load() {
				return fault.New(fault.ServerStopping, "")
			}
			ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
			defer cancel()
			return a.store.Ping(ctx)
		},
		Logger: a.logger, Now: a.cfg.Now, Observe: a.metrics.request, Limits: a.cfg.Limits, HomeURL: a.cfg.HomeURL,
		TrustedProxies: proxies,
	})
	server.Direct = direct.New(direct.Config{
		Credentials: a.credentials, Providers: a.providers, Logger: a.logger, Stall: a.cfg.StallTimeout, Fail: server.Fail,
	})
	return server, nil
}

// Serve serves until ctx ends, then stops accepting, lets requests in flight
// finish within the shutdown timeout, and closes what is left.
func (s *Server) Serve(ctx context.Context) error {
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return s.serve(s.main, s.listener, s.main.TLSConfig != nil) })
	if s.metrics != nil {
		group.Go(func() error { return s.serve(s.metrics, s.scrapes, false) })
	}
	group.Go(func() error { s.app.sweep(running); return nil })
	group.Go(func() error { s.app.replay(running); return nil })
	group.Go(func() error { s.app.renew(running); return nil })
	group.Go(func() error { s.app.followKey(running); return nil })
	group.Go(func() error { s.tell(running); return nil })
	group.Go(func() error { s.app.probe(running); return nil })
	group.Go(func() error { s.app.warnOfExpiry(running); return nil })
	group.Go(func() error {
		<-running.Done()
		return s.stop(context.WithoutCancel(ctx))
	})
	s.app.logger.InfoContext(ctx, "serving", "url", s.URL, "metrics", s.MetricsURL, "version", s.app.cfg.Version)
	err := group.Wait()
	s.app.logger.InfoContext(context.WithoutCancel(ctx), "stopped")
	return err
}

func (s *Server) serve(server *http.Server, listener net.Listener, withTLS bool) error {
	err := error(nil)
	if withTLS {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", listener.Addr(), err)
}

func (s *Server) stop(ctx context.Context) error {
	s.stopping.Store(true)
	if s.app.cfg.DrainDelay > 0 {
		<-time.After(s.app.cfg.DrainDelay)
	}
	ctx, cancel := context.WithTimeout(ctx, s.app.cfg.ShutdownTimeout)
	defer cancel()
	err := s.main.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.app.logger.WarnContext(ctx, "requests were cut off at the end of the shutdown timeout")
		err = s.main.Close()
	}
	if s.metrics != nil {
		err = errors.Join(err, s.metrics.Close())
	}
	return err
}

// renew keeps grants alive that nobody uses.
func (a *App) renew(ctx context.Context) {
	jobs.Run(ctx, a.logger, jobs.Task{Name: "renew", Interval: time.Minute, Do: func(ctx context.Context) error {
		_, err := a.credentials.RenewDue(ctx)
		return err
	}})
}

// tell delivers events to the applications' webhooks.
func (s *Server) tell(ctx context.Context) {
	jobs.Run(ctx, s.app.logger, jobs.Task{Name: "deliver events", Interval: time.Second, Do: s.webhooks.Deliver})
}

// sweep removes what has ended: attempts, codes, revoked tokens, old events.
func (a *App) sweep(ctx context.Context) {
	jobs.Run(ctx, a.logger, jobs.Task{Name: "sweep", Interval: 5 * time.Minute, Do: func(ctx context.Context) error {
		_, err := a.store.Sweep(ctx, a.cfg.Now())
		return err
	}})
}
