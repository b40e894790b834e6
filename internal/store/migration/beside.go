package migration

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// In a rolling upgrade, programs of the version before serve the schema of the next one. A
// migration that they can live with says so in its first line: "-- beside: 11" lets programs
// go on whose newest migration is 11, and later ones. Of any other migration, only programs
// that have it may serve the schema.
const besideMark = "-- beside: "

// besideKey is where the database says it, in the table meta, to programs that do not have
// the migrations themselves: "12 11" is that schema 12 is for whoever has migration 11. It
// counts for that very schema only.
const besideKey = "schema.beside"

// beside is the newest migration that a program has to have to serve the schema of these.
func beside(files fs.FS, sources []*goose.Source) (oldest int64, err error) {
	for _, source := range sources {
		file, err := files.Open(source.Path)
		if err != nil {
			return 0, fmt.Errorf("read the migrations: %w", err)
		}
		first := bufio.NewScanner(file)
		first.Scan()
		needed := source.Version
		if number, ok := strings.CutPrefix(first.Text(), besideMark); ok {
			if needed, err = strconv.ParseInt(number, 10, 64); err != nil || needed >= source.Version {
				err = fmt.Errorf("%s: %q has to name a migration before it", source.Path, first.Text())
			}
		}
		if err = errors.Join(err, file.Close()); err != nil {
			return 0, err
		}
		oldest = max(oldest, needed)
	}
	return oldest, nil
}

// sayBeside is written before the migrations it is about: who is told too early does not
// start, who is told too late breaks something.
func sayBeside(ctx context.Context, db *sql.DB, schema, oldest int64) error {
	_, err := db.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2`,
		besideKey, fmt.Appendf(nil, "%d %d", schema, oldest))
	if err != nil {
		return fmt.Errorf("say which programs may serve the schema: %w", err)
	}
	return nil
}

// saidBeside is 0 where nobody has said it of this schema.
func saidBeside(ctx context.Context, db *sql.DB, schema int64) (oldest int64, err error) {
	var value []byte
	var of int64
	err = db.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = $1`, besideKey).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Sscanf(string(value), "%d %d", &of, &oldest); err != nil {
		return 0, fmt.Errorf("read %s, which is %q: %w", besideKey, value, err)
	}
	if of != schema {
		return 0, nil
	}
	return oldest, nil
}
