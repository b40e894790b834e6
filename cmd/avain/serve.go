package main

import (
	"context"
	"io"
	"time"
)

type serveCommand struct {
	address
	typedHosts
	HomeURL string `name:"home-url" env:"AVAIN_HOME_URL" placeholder:"URL" group:"Address" help:"Where / leads; nowhere if not given."`

	LimitApplication float64       `env:"AVAIN_LIMIT_APPLICATION" default:"250" placeholder:"N" group:"Limits" help:"Requests a second that one application may make."`
	LimitAddress     float64       `env:"AVAIN_LIMIT_ADDRESS" default:"20" placeholder:"N" group:"Limits" help:"Requests a second that one address may make without credentials."`
	LimitRenewals    float64       `env:"AVAIN_LIMIT_RENEWALS" default:"600" placeholder:"N" group:"Limits" help:"Accounts of one registration that are renewed in the background a second; of one provider twice as many."`
	RenewalsAtOnce   int           `name:"limit-renewals-at-once" env:"AVAIN_LIMIT_RENEWALS_AT_ONCE" default:"100" placeholder:"N" group:"Limits" help:"Accounts of one registration that are renewed in the background at the same time; of one provider twice as many."`
	DrainDelay       time.Duration `env:"AVAIN_DRAIN_DELAY" default:"0s" placeholder:"TIME" group:"Limits" help:"How long /readyz answers 503 after a SIGTERM before the listener closes: as long as a balancer needs to notice."`
	ShutdownTimeout  time.Duration `env:"AVAIN_SHUTDOWN_TIMEOUT" default:"30s" placeholder:"TIME" group:"Limits" help:"How long requests in flight may go on after a SIGTERM."`

	MetricsListen string `env:"AVAIN_METRICS_LISTEN" placeholder:"HOST:PORT" group:"Watching" help:"Address that serves /metrics; nowhere if not given."`
	LogLevel      string `env:"AVAIN_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL" group:"Watching" help:"Least level to log: ${enum}."`
	LogFormat     string `env:"AVAIN_LOG_FORMAT" default:"json" enum:"json,text" placeholder:"FORMAT" group:"Watching" help:"Form of the log on standard error: ${enum}."`
}

// Help is shown below the flags.
func (serveCommand) Help() string {
	return "Needs a key, which avain key init makes. Stops on SIGINT and SIGTERM: finishes requests in flight, then ends."
}

type servingView struct {
	URL        string `json:"url"`
	MetricsURL string `json:"metricsUrl,omitempty"`
}

// Run serves until the process is told to stop.
func (c *serveCommand) Run(ctx context.Context, s *settings, out output) error {
	cfg := c.typedHosts.onto(c.address.onto(s.config()))
	cfg.HomeURL, cfg.MetricsListen, cfg.DrainDelay, cfg.ShutdownTimeout = c.HomeURL, c.MetricsListen, c.DrainDelay, c.ShutdownTimeout
	cfg.Limits.Application, cfg.Limits.Address = c.LimitApplication, c.LimitAddress
	cfg.Renewals, cfg.RenewalsAtOnce = c.LimitRenewals, c.RenewalsAtOnce
	cfg.LogLevel, cfg.LogFormat, cfg.LogTo = c.LogLevel, c.LogFormat, out.std.err
	cfg.Serving = true
	a, err := s.open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	server, err := a.Listen(ctx)
	if err != nil {
		return err
	}
	err = out.show(servingView{server.URL, server.MetricsURL}, func(w io.Writer) {
		printf(w, "Avain serves at %s\n", server.URL)
	})
	if err != nil {
		return err
	}
	return server.Serve(ctx)
}
