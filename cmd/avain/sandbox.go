package main

import (
	"context"
	"time"

	"github.com/avain-project/avain/internal/demo"
)

type sandboxCommand struct {
	Listen      string   `default:"127.0.0.1:8082" placeholder:"HOST:PORT" help:"Address of the sandbox; a loopback one."`
	RedirectURI []string `name:"redirect-uri" default:"http://127.0.0.1:8080/v1/auth/callback" placeholder:"URL" help:"Redirect URI to accept; may be repeated."`
}

// Help is shown below the flags.
func (sandboxCommand) Help() string {
	return "Stand-ins for the providers, for tests of an application without network or registration. With --json it prints one line when it is ready."
}

// Run serves the sandbox until the process is told to stop.
func (c *sandboxCommand) Run(ctx context.Context, out output) error {
	return demo.RunSandbox(ctx, demo.SandboxConfig{
		Listen: c.Listen, RedirectURIs: c.RedirectURI, JSON: out.json, Out: out.std.out, Now: time.Now,
	})
}
