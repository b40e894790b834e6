package sqlite_test

import (
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/store/storetest"
)

// Each list is read from an index in its own order, from the place on, and nothing is sorted
// or looked through: so a page visits what it returns.
func TestListsAreReadFromAnIndex(t *testing.T) {
	t.Parallel()
	for name, plan := range storetest.ListPlans(t, openMigrated(t), "EXPLAIN QUERY PLAN ") {
		first, _, _ := strings.Cut(plan, "\n")
		if !strings.HasPrefix(first, "SEARCH a USING") || strings.Contains(plan, "SCAN") {
			t.Errorf("%s looks through the table:\n%s", name, plan)
		}
		if strings.Contains(plan, "TEMP B-TREE") && !strings.HasPrefix(name, "match") {
			t.Errorf("%s is sorted:\n%s", name, plan)
		}
		if paged := strings.HasPrefix(name, "page") || strings.HasPrefix(name, "gap"); paged && !strings.Contains(first, "(created_at,id)>(?,?)") && !strings.Contains(first, "created_at>?") {
			t.Errorf("%s does not begin at its place:\n%s", name, plan)
		}
	}
}
