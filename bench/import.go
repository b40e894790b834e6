package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/secret"
)

const (
	importedAccounts = 20_000
	importRounds     = 3 // into a database each
)

// The bounds of the product, in rows a second of the whole command, with a bearer for each.
const (
	minImportSQLite   = 1_000.0
	minImportPostgres = 2_000.0
)

// measureImport runs avain import as an operator does, into an empty database, and then with the
// same file again.
func measureImport(ctx context.Context, w *world, binary string, t *table) error {
	var fresh, again []float64
	for round := range importRounds {
		run, err := w.newImport(ctx, fmt.Sprintf("import%d", round))
		if err != nil {
			return err
		}
		for _, rates := range []*[]float64{&fresh, &again} {
			took, err := run(ctx, binary)
			if err != nil {
				return err
			}
			*rates = append(*rates, importedAccounts/took.Seconds())
		}
	}
	slices.Sort(fresh)
	slices.Sort(again)
	bound := minImportSQLite
	if w.engine.server != "" {
		bound = minImportPostgres
	}
	rate := fresh[importRounds/2]
	t.line(fmt.Sprintf("avain import, accounts/s of %d new ones, a bearer for each", importedAccounts),
		fmt.Sprintf("%.0f", rate), fmt.Sprintf(">= %.0f", bound), rate >= bound)
	t.tell("  the same file again, rows/s", fmt.Sprintf("%.0f", again[importRounds/2]))
	return nil
}

// newImport makes an installation with an application and a file of rows, to be imported by the
// function that it returns.
func (w *world) newImport(ctx context.Context, name string) (run func(context.Context, string) (time.Duration, error), err error) {
	folder, err := w.engine.folder(name)
	if err != nil {
		return nil, err
	}
	key, err := w.engine.key()
	if err != nil {
		return nil, err
	}
	database, err := w.engine.database(ctx, name)
	if err != nil {
		return nil, err
	}
	one, err := importInto(ctx, folder, database, key)
	if err != nil {
		return nil, err
	}
	rows := filepath.Join(folder, "rows.jsonl")
	if err := writeRows(rows, one.clientID); err != nil {
		return nil, err
	}
	return func(ctx context.Context, binary string) (time.Duration, error) {
		began := time.Now()
		out, err := exec.CommandContext(ctx, binary, "import", "--data-dir", folder, "--database", database,
			"--report", filepath.Join(folder, "report.jsonl"), "--tokens", filepath.Join(folder, "bearers.jsonl"), rows).CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("avain import: %w\n%s", err, out)
		}
		return time.Since(began), nil
	}, nil
}

func importInto(ctx context.Context, folder, database string, key secret.Text) (one application, err error) {
	avain, err := app.Open(ctx, app.Config{DataDir: folder, Database: database, Key: key})
	if err != nil {
		return one, err
	}
	defer func() { err = errors.Join(err, avain.Close()) }()
	return newApplication(ctx, avain.Operator(), 0, account.Endpoints{})
}

func writeRows(path, clientID string) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := bufio.NewWriter(file)
	for i := range importedAccounts {
		_, _ = fmt.Fprintf(out, `{"ref":"conn-%[1]d","clientId":%[2]q,"serviceType":"Google","authUserId":"%021[1]d","email":"person-%[1]d@sandbox.test",`+
			`"name":"Person %[1]d","clientOrgId":"org-%[3]d","authScopes":"Mail.Read Calendar.ReadWrite","refreshToken":"1//%0100[1]d"}`+"\n", i, clientID, i/10)
	}
	return out.Flush()
}
