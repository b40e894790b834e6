package postgres_test

import (
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/store/storetest"
)

// As on SQLite. The tables are empty, so that reading all of them has to be forbidden; sorting
// is not, and a plan that sorts shows that no index has the order.
func TestListsAreReadFromAnIndex(t *testing.T) {
	t.Parallel()
	e := open(t, storetest.NewPostgres(t).URL+"&enable_seqscan=off&enable_bitmapscan=off&enable_sort=off")
	for name, plan := range storetest.ListPlans(t, e, "EXPLAIN (COSTS OFF) ") {
		if !strings.Contains(plan, "Index Scan using accounts_") && !strings.Contains(plan, "Index Only Scan using accounts_") || strings.Contains(plan, "Seq Scan on accounts") {
			t.Errorf("%s looks through the table:\n%s", name, plan)
		}
		if strings.Contains(plan, "Sort") && !strings.HasPrefix(name, "match") {
			t.Errorf("%s is sorted:\n%s", name, plan)
		}
		if paged := strings.HasPrefix(name, "page") || strings.HasPrefix(name, "gap"); paged && !strings.Contains(plan, "ROW(created_at, id) > ROW(") {
			t.Errorf("%s does not begin at its place:\n%s", name, plan)
		}
	}
}
