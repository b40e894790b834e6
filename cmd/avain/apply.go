package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/secret"
)

type applyCommand struct {
	address
	File string `short:"f" required:"" placeholder:"PATH" help:"YAML or JSON file (- is standard input)."`
}

// Help is shown below the flags.
func (applyCommand) Help() string {
	return "The file says what there shall be; applying it again changes nothing. What it does not name is left alone. " +
		"Secrets are not written into it: it says where they are, as {file: PATH}, from its own folder, or {env: NAME}."
}

type changeView struct {
	Kind         string `json:"kind"`
	Name         string `json:"name"`
	Action       string `json:"action"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret,omitempty"` // of a new application, this once
	RedirectURI  string `json:"redirectUri,omitempty"`
}

// Run applies the file.
func (c *applyCommand) Run(ctx context.Context, s *settings, out output) error {
	file, err := c.read(out.std.in)
	if err != nil {
		return err
	}
	if err := file.ReadLogos(func(path string) ([]byte, error) { return readPicture(c.beside(path)) }); err != nil {
		return err
	}
	a, err := s.open(ctx, c.onto(s.config()))
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	changes, err := a.Operator().Apply(ctx, file, c.resolve)
	// What was done is printed even if the rest failed: it may hold a new secret.
	shown := c.show(out, changes, err == nil)
	if err != nil {
		return err
	}
	return shown
}

func (c *applyCommand) read(stdin io.Reader) (operator.File, error) {
	if c.File == "-" {
		return operator.ReadFile(stdin)
	}
	in, err := os.Open(c.File)
	if err != nil {
		return operator.File{}, usagef("open the file: %w", err)
	}
	defer func() { _ = in.Close() }()
	file, err := operator.ReadFile(in)
	if err != nil {
		return operator.File{}, fmt.Errorf("%s: %w", c.File, err)
	}
	return file, nil
}

// resolve fetches a secret of the file; relative paths start at the file's folder.
func (c *applyCommand) resolve(source operator.SecretSource) (secret.Text, error) {
	if source.Env != "" {
		bare := os.Getenv(source.Env)
		if bare == "" {
			return secret.Text{}, usagef("%s is not set", source)
		}
		return secret.New(bare), nil
	}
	return readSecret(c.beside(source.File), nil)
}

// beside is a path of the file, which starts at the file's folder.
func (c *applyCommand) beside(path string) string {
	if filepath.IsAbs(path) || c.File == "-" {
		return path
	}
	return filepath.Join(filepath.Dir(c.File), path)
}

func (c *applyCommand) show(out output, changes []operator.Change, whole bool) error {
	if len(changes) == 0 && !whole {
		return nil
	}
	views, rows := make([]changeView, len(changes)), make([][]string, len(changes))
	for i, change := range changes {
		views[i] = changeView{
			Kind: change.Kind, Name: change.Name, Action: string(change.Action), ClientID: change.ClientID,
			ClientSecret: change.Secret.Reveal(), RedirectURI: change.RedirectURI,
		}
		rows[i] = []string{change.Kind, change.Name, string(change.Action), change.ClientID}
	}
	return out.show(views, func(w io.Writer) {
		table(w, []string{"KIND", "NAME", "ACTION", "CLIENT ID"}, rows)
		for _, change := range changes {
			if !change.Secret.IsZero() {
				printf(w, "\nSecret of %s, not shown again: %s\n", change.Name, change.Secret.Reveal())
			}
		}
	})
}
