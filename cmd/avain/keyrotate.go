package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
)

// printKey is the flag of commands that change the key ring where it is no file.
type printKey struct {
	Print bool `help:"Print the new key ring and change nothing, for a secret store: it goes into AVAIN_KEY."`
}

type ringView struct {
	ID      string `json:"id"` // of the key that was added, is the primary now, or was dropped
	Changed bool   `json:"changed"`
	Path    string `json:"path,omitempty"`
	Key     string `json:"key,omitempty"` // with --print only
}

// ringCommand is one change of the key ring.
type ringCommand struct {
	printKey
	s      *settings
	out    output
	change func(context.Context, *operator.Service) (operator.RingChange, error)
	// then tells, and does what follows; it is not called with --print.
	then func(context.Context, *app.App, ringView) error
}

func (c ringCommand) run(ctx context.Context) (err error) {
	file, unlock, err := c.s.lockKey()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	a, err := c.s.open(ctx, c.s.config())
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	change, err := c.change(ctx, a.Operator())
	if err != nil {
		return err
	}
	view := ringView{ID: change.KeyID, Changed: change.Changed, Path: string(file)}
	switch {
	case c.Print:
		view.Path, view.Key = "", change.Key.Reveal()
		return c.out.show(view, func(w io.Writer) { printf(w, "%s\n", view.Key) })
	case change.Changed && file == "":
		return usagef("the key is not in a file that can be replaced here, but in AVAIN_KEY or on standard input: --print shows the new key ring, to be put where it is kept")
	case change.Changed:
		if err := file.Replace(change.Key); err != nil {
			return err
		}
	}
	if err := a.Operator().Adopt(ctx, change); err != nil {
		return err
	}
	return c.then(ctx, a, view)
}

// lockKey keeps others from changing the key file, and reads it as it is from then on. The
// file is empty where the key is in none.
func (s *settings) lockKey() (file app.KeyFile, unlock func() error, err error) {
	if err := s.findKey(); err != nil {
		return "", nil, err
	}
	file = app.KeyFile(s.Key.path)
	if file == "" {
		return "", func() error { return nil }, nil
	}
	unlock, err = file.Lock()
	if err != nil {
		return "", nil, err
	}
	if err := s.readKey(); err != nil {
		return "", nil, errors.Join(err, unlock())
	}
	return file, unlock, nil
}

type keyAddCommand struct{ printKey }

// Run adds a key that waits.
func (c *keyAddCommand) Run(ctx context.Context, s *settings, out output) error {
	return ringCommand{
		printKey: c.printKey, s: s, out: out,
		change: func(_ context.Context, o *operator.Service) (operator.RingChange, error) { return o.AddKey() },
		then: func(_ context.Context, _ *app.App, v ringView) error {
			return out.show(v, func(w io.Writer) {
				printf(w, "key %s was added to %s and waits\n\nGive this file to every server. Then:\n\n    %s\n", v.ID, v.Path, s.line("key rotate"))
			})
		},
	}.run(ctx)
}

type keyRotateCommand struct{ printKey }

type rotationView struct {
	KeyID     string   `json:"keyId"`
	Rewrapped int      `json:"rewrapped"`
	Failed    []string `json:"failed"` // records whose data key does not open
}

// Help is shown below the flags.
func (keyRotateCommand) Help() string {
	return "Adds a key, or takes the one that waits, and wraps every data key by it. May be stopped at any point and run again. The older key stays in the ring until avain key drop: backups need it."
}

// progressAfter is how often the count is shown, at most.
const progressAfter = time.Second

// Run changes over to the newest key.
func (c *keyRotateCommand) Run(ctx context.Context, s *settings, out output) error {
	return ringCommand{
		printKey: c.printKey, s: s, out: out,
		change: func(ctx context.Context, o *operator.Service) (operator.RingChange, error) { return o.NextKey(ctx) },
		then: func(ctx context.Context, a *app.App, v ringView) error {
			if v.Changed {
				printf(out.std.err, "key %s in %s is the primary one from now on\n", v.ID, v.Path)
			} else {
				printf(out.std.err, "going on with the rotation to key %s\n", v.ID)
			}
			return c.rewrap(ctx, s, a, out)
		},
	}.run(ctx)
}

func (c *keyRotateCommand) rewrap(ctx context.Context, s *settings, a *app.App, out output) error {
	var told time.Time
	done, err := a.Operator().Rewrap(ctx, func(done, total int) {
		if now := time.Now(); done == total || now.Sub(told) >= progressAfter {
			told = now
			printf(out.std.err, "%d of %d data keys done\n", done, total)
		}
	})
	if err != nil {
		return fmt.Errorf("%w (%d data keys were wrapped anew; what is done is done: run the command again)", err, done.Rewrapped)
	}
	err = out.show(rotationView{done.KeyID, done.Rewrapped, texts(done.Failed)}, func(w io.Writer) {
		for _, f := range done.Failed {
			printf(w, "does not open: data key of %s\n", f)
		}
		printf(w, "key %s: %d data keys were wrapped anew\n", done.KeyID, done.Rewrapped)
		if len(done.Failed) == 0 {
			printf(w, "\nCopy the key ring to where the copies of it are kept. Older backups need the older key; drop it from the ring at any time:\n\n    %s\n", s.line("key drop"))
		}
	})
	if err == nil && len(done.Failed) > 0 {
		return fmt.Errorf("%d data keys do not open with the keys given: restore these records from a backup, or delete what they belong to, and run the command again", len(done.Failed))
	}
	return err
}

type keyDropCommand struct{ printKey }

// Help is shown below the flags.
func (keyDropCommand) Help() string {
	return "Refuses while anything in the database is wrapped by an older key. Backups made before the end of the rotation open with the key ring of before only: keep a copy of it as long as they are kept."
}

// Run drops the older keys.
func (c *keyDropCommand) Run(ctx context.Context, s *settings, out output) error {
	return ringCommand{
		printKey: c.printKey, s: s, out: out,
		change: func(ctx context.Context, o *operator.Service) (operator.RingChange, error) { return o.DropKeys(ctx) },
		then: func(_ context.Context, _ *app.App, v ringView) error {
			return out.show(v, func(w io.Writer) {
				if !v.Changed {
					printf(w, "there is no key older than %s\n", v.ID)
					return
				}
				printf(w, "dropped from %s: %s\n", v.Path, v.ID)
			})
		},
	}.run(ctx)
}
