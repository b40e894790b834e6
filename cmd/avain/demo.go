package main

import (
	"context"
	"slices"

	"github.com/alecthomas/kong"

	"github.com/avain-project/avain/internal/demo"
)

type demoCommand struct {
	Listen string `placeholder:"HOST:PORT" help:"Address of the server; a loopback one. Free ports take the place of taken ones if not given."`
	Log    bool   `help:"Print the server's log on standard error."`
}

// Help is shown below the flags.
func (demoCommand) Help() string {
	return "Needs no network and no registration anywhere. Without --data-dir everything is thrown away at the end. With --json it prints one line when it is ready."
}

// Run serves the demo until the process is told to stop.
func (c *demoCommand) Run(ctx context.Context, line *kong.Context, s *settings, out output) error {
	cfg := demo.Config{Listen: c.Listen, JSON: out.json, Out: out.std.out, Version: version()}
	// The environment's data directory is a real server's: a demo has no business there.
	if slices.ContainsFunc(line.Path, func(p *kong.Path) bool { return p.Flag != nil && p.Flag.Name == "data-dir" }) {
		cfg.DataDir = s.DataDir
	}
	if c.Log {
		cfg.LogTo = out.std.err
	}
	return demo.Run(ctx, cfg)
}
