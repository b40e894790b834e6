package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/avain-project/avain/internal/jobs"
	"github.com/avain-project/avain/internal/operator"
)

// probe asks for registrations that are stopped whether it is over, where nobody calls.
func (a *App) probe(ctx context.Context) {
	jobs.Run(ctx, a.logger, jobs.Task{Name: "probe", Interval: 10 * time.Second, Do: func(ctx context.Context) error {
		_, err := a.credentials.ProbeStopped(context.WithoutCancel(ctx))
		return err
	}})
}

// warnOfExpiry logs in time that client secrets end.
func (a *App) warnOfExpiry(ctx context.Context) {
	warned := warnings{}
	jobs.Run(ctx, a.logger, jobs.Task{Name: "warn of ending secrets", Interval: time.Hour, Do: func(ctx context.Context) error {
		list, err := a.operator.ExpiringSecrets(ctx)
		for _, e := range list {
			warned.of(ctx, a.logger, e)
		}
		return err
	}})
}

// warning is one that was given: of that end, so long before it.
type warning struct {
	ends   time.Time
	before time.Duration
}

// warnings are those that this process has given, by registration.
type warnings map[string]warning

// of logs each warning once: 30, 7 and 1 days before, and at the end.
func (w warnings) of(ctx context.Context, logger *slog.Logger, e operator.Expiring) {
	now := warning{e.Registration.SecretExpires, e.Warning}
	if w[e.Registration.ID] == now {
		return
	}
	w[e.Registration.ID] = now
	level := slog.LevelWarn
	if e.Left <= 0 {
		level = slog.LevelError
	}
	logger.Log(ctx, level, "a registration needs a new client secret: "+e.Text(),
		"registration", e.Registration.ID, "application", e.Application.Name, "serviceType", string(e.Registration.ServiceType),
		"cure", "make one at the provider and enter it beside the old: avain registration set … --add-secret --client-secret-expires DAY")
}
