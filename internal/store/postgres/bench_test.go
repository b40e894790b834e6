package postgres_test

import (
	"testing"

	"github.com/avain-project/avain/internal/store/storetest"
)

func BenchmarkBearer(b *testing.B) { storetest.BenchBearer(b, storetest.OpenPostgres(b)) }

func BenchmarkWrite(b *testing.B) { storetest.BenchWrite(b, storetest.OpenPostgres(b)) }
