package sqlite_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/sqlite"
	"github.com/avain-project/avain/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.OpenSQLite)
}

// A data key that a rotation passes by is lost with the old key.
func TestEveryDataKeyIsListed(t *testing.T) {
	t.Parallel()
	e := openMigrated(t)
	rows, err := e.Reader().QueryContext(t.Context(),
		`SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name LIKE '%data_key%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		if column != "data_key" || !slices.Contains(store.KeyHolders(), store.KeyHolder(table)) {
			t.Errorf("%s.%s is in no list of data keys: see store.KeyHolders", table, column)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func openMigrated(t *testing.T) *sqlite.Engine {
	t.Helper()
	e, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "avain.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	if _, err := e.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSearchesUseTheirIndex(t *testing.T) {
	t.Parallel()
	storetest.Plans(t, openMigrated(t), storetest.Planner{
		Explain: "EXPLAIN QUERY PLAN ",
		Searches: func(index, column string) *regexp.Regexp {
			return regexp.MustCompile(`SEARCH \w+ USING (COVERING )?INDEX ` + index + ` \(.*` + column + `<\?\)`)
		},
	})
}
