package main

import (
	"context"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
)

type returnURLCommands struct {
	Add    returnURLAddCommand    `cmd:"" help:"Register a return URL."`
	Remove returnURLRemoveCommand `cmd:"" help:"Take a return URL back."`
}

type returnURLAddCommand struct {
	appRef
	URL string `arg:"" help:"https, http on a loopback address, or a scheme of the application's own."`
}

// Run adds the return URL.
func (c *returnURLAddCommand) Run(ctx context.Context, s *settings, out output) error {
	return s.withApplication(ctx, nil, out, func(o *operator.Service) (account.Application, error) {
		return o.AddReturnURL(ctx, c.App, c.URL)
	})
}

type returnURLRemoveCommand struct {
	appRef
	URL string `arg:"" help:"The return URL, exactly as it is registered."`
}

// Run removes the return URL.
func (c *returnURLRemoveCommand) Run(ctx context.Context, s *settings, out output) error {
	return s.withApplication(ctx, nil, out, func(o *operator.Service) (account.Application, error) {
		return o.RemoveReturnURL(ctx, c.App, c.URL)
	})
}
