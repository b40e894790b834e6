package main

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/avain-project/avain/internal/transfer"
)

type exportCommand struct {
	Path      string   `arg:"" help:"File to write; it must not exist yet (- is standard output)."`
	Recipient []string `placeholder:"AGE1…" help:"Public key of age that the file is encrypted to; repeat it for several."`
	App       string   `placeholder:"APP" help:"Accounts of one application only: client id or name."`
}

// Help is shown below the flags.
func (exportCommand) Help() string {
	return "The file holds what every account can be used with, so it is never written bare. age-keygen makes a key, age opens the file, avain import --identity reads it. See docs/moving.md."
}

// Run exports.
func (c *exportCommand) Run(ctx context.Context, s *settings, out output) (err error) {
	if len(c.Recipient) == 0 {
		return usagef("who can open the file? Name a public key of age by --recipient; age-keygen -o key.txt makes one")
	}
	recipients, err := transfer.Recipients(c.Recipient)
	if err != nil {
		return usagef("%w", err)
	}
	if err := s.needDatabase(); err != nil {
		return err
	}
	a, err := s.open(ctx, s.config())
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	export := transfer.Export{}
	if c.App != "" {
		app, err := a.Operator().Application(ctx, c.App)
		if err != nil {
			return err
		}
		export.Application = app.ClientID
	}
	to, end, err := c.create(out.std.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end(err == nil)) }()
	encrypted, err := transfer.Encrypt(to, recipients)
	if err != nil {
		return err
	}
	export.To = encrypted
	done, err := a.Transfer().Export(ctx, export)
	if err != nil {
		return err
	}
	if err := encrypted.Close(); err != nil {
		return err
	}
	printf(out.std.err, "%d accounts\n", done.Accounts)
	if done.ServiceAccounts > 0 {
		printf(out.std.err, "%d service accounts, or accounts under them, were left out\n", done.ServiceAccounts)
	}
	return nil
}

// create makes the file, for its owner alone. What has not become whole is removed.
func (c *exportCommand) create(stdout io.Writer) (to io.Writer, end func(whole bool) error, err error) {
	if c.Path == "-" {
		return stdout, func(bool) error { return nil }, nil
	}
	file, err := os.OpenFile(c.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, nil, err
	}
	return file, func(whole bool) error {
		if whole {
			return errors.Join(file.Sync(), file.Close())
		}
		return errors.Join(file.Close(), os.Remove(c.Path))
	}, nil
}
