package postgres_test

import (
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
