package sqlite_test

import (
	"testing"

	"github.com/avain-project/avain/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.OpenSQLite)
}
