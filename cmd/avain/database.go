package main

import (
	"context"
	"fmt"
	"io"

	"github.com/avain-project/avain/internal/app"
)

type backupCommand struct {
	Path string `arg:"" help:"File to write; it must not exist yet."`
}

// Run copies the database. The key is not in the copy.
func (c *backupCommand) Run(ctx context.Context, s *settings, out output) error {
	if err := s.needDatabase(); err != nil {
		return err
	}
	if err := app.Backup(ctx, s.config(), c.Path); err != nil {
		return err
	}
	return out.show(struct {
		Path string `json:"path"`
	}{c.Path}, func(w io.Writer) {
		printf(w, "copied to %s; the key is not in it: keep a copy of that elsewhere\n", c.Path)
	})
}

func (s *settings) needDatabase() error {
	at, exists, err := s.databaseExists()
	if err == nil && !exists {
		return fmt.Errorf("there is no database at %s: name it by --data-dir or --database", at)
	}
	return err
}

type migrateCommands struct {
	Up     migrateUpCommand     `cmd:"" help:"Bring the schema up to date; serve does so by itself."`
	Status migrateStatusCommand `cmd:"" help:"Tell what is to be done."`
}

type migrationView struct {
	Current int64    `json:"current"`
	Latest  int64    `json:"latest"`
	Applied []string `json:"applied"`
	Pending []string `json:"pending"`
}

type migrateUpCommand struct{}

// Run migrates.
func (migrateUpCommand) Run(ctx context.Context, s *settings, out output) error {
	done, err := app.Migrate(ctx, s.config())
	if err != nil {
		return err
	}
	return out.show(migrationView{done.Current, done.Latest, texts(done.Applied), texts(done.Pending)}, func(w io.Writer) {
		for _, name := range done.Applied {
			printf(w, "applied %s\n", name)
		}
		printf(w, "at version %d of %d\n", done.Current, done.Latest)
	})
}

type migrateStatusCommand struct{}

// Run changes nothing.
func (migrateStatusCommand) Run(ctx context.Context, s *settings, out output) error {
	if err := s.needDatabase(); err != nil {
		return err
	}
	status, err := app.MigrationStatus(ctx, s.config())
	if err != nil {
		return err
	}
	return out.show(migrationView{status.Current, status.Latest, texts(status.Applied), texts(status.Pending)}, func(w io.Writer) {
		for _, name := range status.Pending {
			printf(w, "pending %s\n", name)
		}
		printf(w, "at version %d of %d\n", status.Current, status.Latest)
	})
}
