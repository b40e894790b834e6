package sqlite_test

import (
	"testing"

	"github.com/avain-project/avain/internal/store/storetest"
)

func BenchmarkBearer(b *testing.B) { storetest.BenchBearer(b, storetest.OpenSQLite(b)) }

func BenchmarkWrite(b *testing.B) { storetest.BenchWrite(b, storetest.OpenSQLite(b)) }
