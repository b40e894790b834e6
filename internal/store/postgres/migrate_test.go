package postgres_test

import (
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/postgres"
	"github.com/avain-project/avain/internal/store/sqlite"
	"github.com/avain-project/avain/internal/store/storetest"
	"github.com/avain-project/avain/internal/testenv"
)

// Replicas that start at once on an empty database: one works, the others wait.
// Behind a pooler of four connections too, though they are more than that.
func TestReplicasMigrateAtOnce(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]func(*storetest.Postgres) string{
		"directly":         func(p *storetest.Postgres) string { return p.URL },
		"behind PgBouncer": func(p *storetest.Postgres) string { return p.Pooled },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := storetest.EmptyPostgres(t)
			testenv.Need(t, "PgBouncer", p.Pooled != "", "run the tests by scripts/with-postgres")
			type result struct {
				report store.MigrationReport
				err    error
			}
			const replicas = 8
			results := make(chan result, replicas)
			for range replicas {
				go func() {
					e, err := postgres.Open(t.Context(), postgres.Config{URL: address(p)})
					if err != nil {
						results <- result{err: err}
						return
					}
					report, err := e.Migrate(t.Context())
					results <- result{report, errors.Join(err, e.Close())}
				}()
			}
			applied, latest := 0, 0
			for range replicas {
				r := <-results
				if r.err != nil {
					t.Error(r.err)
				}
				applied, latest = applied+len(r.report.Applied), max(latest, int(r.report.Latest))
				if r.report.Current != r.report.Latest || len(r.report.Pending) > 0 {
					t.Errorf("report = %+v, want a schema up to date", r.report)
				}
			}
			if applied != latest || latest == 0 {
				t.Errorf("%d migrations applied in all, want each of %d once", applied, latest)
			}
		})
	}
}

func TestMigrationStatusChangesNothing(t *testing.T) {
	t.Parallel()
	e := open(t, storetest.EmptyPostgres(t).URL)
	before, err := e.MigrationStatus(t.Context())
	if err != nil || before.Current != 0 || before.Latest == 0 || len(before.Pending) == 0 {
		t.Errorf("status of an empty database = %+v, %v", before, err)
	}
	var tables int
	err = e.Reader().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema()`).Scan(&tables)
	if err != nil || tables != 0 {
		t.Errorf("the status made %d tables, %v", tables, err)
	}
	after, err := e.Migrate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before.Pending, after.Applied); d != "" || after.Current != before.Latest {
		t.Errorf("report = %+v\n%s", after, d)
	}
}

// Who waits for the turn to migrate stops waiting when asked to.
func TestWaitingToMigrateEnds(t *testing.T) {
	t.Parallel()
	p := storetest.EmptyPostgres(t)
	e, other := open(t, p.URL), open(t, p.URL)
	err := other.Write(t.Context(), func(ctx context.Context, q store.Querier) error {
		var held bool
		if err := q.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock(x'617661696e6d6967'::bigint)`).Scan(&held); err != nil || !held {
			t.Errorf("held %v, %v", held, err)
		}
		waiting, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := e.Migrate(waiting); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := e.Migrate(t.Context()); err != nil {
		t.Errorf("and afterwards: %v", err)
	}
}

// A column that only one engine has would be found by the first user of the other.
func TestBothEnginesHaveTheSameRecords(t *testing.T) {
	t.Parallel()
	ours := open(t, storetest.NewPostgres(t).URL)
	theirs, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "avain.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = theirs.Close() }()
	if _, err := theirs.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	inPostgres := columns(t, ours, `SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'YES' THEN ' null' ELSE '' END
		FROM information_schema.columns WHERE table_schema = current_schema() AND table_name <> 'goose_db_version'`)
	inSQLite := columns(t, theirs, `SELECT t.name || '.' || c.name || CASE WHEN c."notnull" = 0 AND c.pk = 0 THEN ' null' ELSE '' END
		FROM pragma_table_list t, pragma_table_info(t.name) c
		WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> 'goose_db_version'`)
	if d := cmp.Diff(inSQLite, inPostgres); d != "" || len(inPostgres) == 0 {
		t.Errorf("-SQLite +PostgreSQL\n%s", d)
	}
	if d := cmp.Diff(files(t, "../sqlite/migrations"), files(t, "migrations")); d != "" {
		t.Errorf("migrations: -SQLite +PostgreSQL\n%s", d)
	}
}

func columns(t *testing.T, e store.Engine, query string) (all []string) {
	t.Helper()
	rows, err := e.Reader().QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func files(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, path.Base(e.Name()))
	}
	return names
}
