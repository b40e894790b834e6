package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/transfer"
)

type importCommand struct {
	File     string `arg:"" help:"File with one JSON object a line, encrypted by age or not (- is standard input)."`
	App      string `placeholder:"APP" help:"Application of rows that name none: client id or name."`
	TakeOver bool   `help:"The other system is switched off: take grants over that only one system can hold."`
	DryRun   bool   `help:"Tell what would happen, and change nothing."`
	Identity string `placeholder:"PATH" help:"File of age-keygen that opens an encrypted file."`
	Report   string `placeholder:"PATH" help:"File to write the report to, one JSON object a row; standard output if not given."`
	Tokens   string `placeholder:"PATH" help:"File to add access tokens to, one for each account that has none; only its owner can read it."`
}

// Help is shown below the flags.
func (importCommand) Help() string {
	return "Nothing is asked of a provider. The same file again changes nothing, so that what was broken off goes on; rows that are wrong are reported, and the others imported. docs/moving.md says what a row is, and how other systems give theirs."
}

// resultView is a line of the report.
type resultView struct {
	Line      int    `json:"line"`
	Ref       string `json:"ref,omitempty"`
	Outcome   string `json:"outcome"`
	AccountID int64  `json:"accountId,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

// bearerView is a line of the file of access tokens.
type bearerView struct {
	Line        int    `json:"line"`
	Ref         string `json:"ref,omitempty"`
	AccountID   int64  `json:"accountId"`
	AccessToken string `json:"accessToken"`
}

// Run imports.
func (c *importCommand) Run(ctx context.Context, s *settings, out output) (err error) {
	rows, closeRows, err := c.open(out.std.in)
	if err != nil {
		return err
	}
	defer func() { _ = closeRows() }()
	a, err := s.open(ctx, s.config())
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	in := transfer.Import{From: rows, TakeOver: c.TakeOver, DryRun: c.DryRun}
	if c.App != "" {
		app, err := a.Operator().Application(ctx, c.App)
		if err != nil {
			return err
		}
		in.Application = app.ClientID
	}
	var end func() error
	if in.Report, end, err = c.reporting(out); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	if c.Tokens != "" && !c.DryRun {
		tokens, err := appendPrivate(c.Tokens)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, tokens.Close()) }()
		in.Bearers = func(all []transfer.Bearer) error { return writeBearers(tokens, all) }
	}
	done, err := a.Transfer().Import(ctx, in)
	c.told(out, done)
	if err != nil {
		return fmt.Errorf("%w (what is reported is done: run the command again to go on)", err)
	}
	if n := done.Outcomes[transfer.Rejected]; n > 0 {
		return fmt.Errorf("%d rows were not imported: the report says why", n)
	}
	return nil
}

// open opens the file of rows.
func (c *importCommand) open(stdin io.Reader) (rows io.Reader, closeRows func() error, err error) {
	var identity secret.Text
	if c.Identity != "" {
		if identity, err = readSecret(c.Identity, nil); err != nil {
			return nil, nil, err
		}
	}
	from, closeRows := stdin, func() error { return nil }
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return nil, nil, usagef("open the rows: %w", err)
		}
		from, closeRows = file, file.Close
	}
	rows, err = transfer.Open(from, identity)
	if errors.Is(err, transfer.ErrNoIdentity) {
		err = usagef("%w: name one by --identity", err)
	}
	if err != nil {
		return nil, nil, errors.Join(err, closeRows())
	}
	return rows, closeRows, nil
}

// reporting writes the report, and says on standard error how far it is.
func (c *importCommand) reporting(out output) (report func(transfer.Result) error, end func() error, err error) {
	to, end := out.std.out, func() error { return nil }
	if c.Report != "" {
		file, err := os.Create(c.Report)
		if err != nil {
			return nil, nil, usagef("make the report: %w", err)
		}
		to, end = file, file.Close
	}
	lines, rows, told := newLines(to), 0, time.Now()
	return func(r transfer.Result) error {
		rows++
		if now := time.Now(); now.Sub(told) >= progressAfter {
			told = now
			printf(out.std.err, "%d rows done\n", rows)
		}
		return lines.Encode(resultView{r.Line, r.Ref, string(r.Outcome), int64(r.AccountID), r.Reason})
	}, end, nil
}

// told says on standard error what has been done.
func (c *importCommand) told(out output, done transfer.Summary) {
	would := ""
	if c.DryRun {
		would = "would be "
	}
	n := done.Outcomes
	printf(out.std.err, "%d %screated, %d updated, %d unchanged, %d rejected\n",
		n[transfer.Created], would, n[transfer.Updated], n[transfer.Unchanged], n[transfer.Rejected])
	for _, t := range slices.Sorted(maps.Keys(done.TakenOver)) {
		printf(out.std.err, "%s: %d grants are Avain's alone from now on. Two systems that refresh one of them kill it: see that the other one never asks again\n", t, done.TakenOver[t])
	}
}

func newLines(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}

// appendPrivate opens a file of secrets to be added to, or makes it.
func appendPrivate(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, usagef("open the file of access tokens: %w", err)
	}
	info, err := file.Stat()
	if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		err = usagef("%s can be read by others: chmod 600 it", path)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// writeBearers has them on the disk when it returns: the database keeps their hashes only.
func writeBearers(file *os.File, all []transfer.Bearer) error {
	lines := newLines(file)
	for _, b := range all {
		if err := lines.Encode(bearerView{b.Line, b.Ref, int64(b.AccountID), b.Token.Reveal()}); err != nil {
			return err
		}
	}
	if info, err := file.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil // a pipe has no disk
	}
	return file.Sync()
}
