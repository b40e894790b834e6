package postgres_test

import (
	"regexp"
	"testing"

	"github.com/avain-project/avain/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.OpenPostgres)
}

// Behind PgBouncer each transaction may meet another server connection.
func TestConformanceBehindPgBouncer(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.OpenPooled)
}

func TestAClaimBesideASaveIsNone(t *testing.T) {
	t.Parallel()
	storetest.ClaimBesideSave(t, open(t, storetest.NewPostgres(t).URL))
}

// The tables are small, so that reading all of them, or all that is due, has to be forbidden.
func TestSearchesUseTheirIndex(t *testing.T) {
	t.Parallel()
	storetest.Plans(t, open(t, storetest.NewPostgres(t).URL+"&enable_seqscan=off&enable_bitmapscan=off"), storetest.Planner{
		Explain: "EXPLAIN (COSTS OFF) ",
		Searches: func(index, column string) *regexp.Regexp {
			return regexp.MustCompile(`Index Scan using ` + index + ` [^\n]*\n *Index Cond: \(.*` + column + ` <= `)
		},
	})
}
