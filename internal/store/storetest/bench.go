package storetest

import (
	"context"
	"testing"

	"github.com/avain-project/avain/internal/store"
)

// BenchBearer measures the hottest read, as a request does it: with a context
// that can end.
func BenchBearer(b *testing.B, s *store.Store) {
	w := newWorld(b, s)
	var hashes [][]byte
	for _, subject := range []string{"ada", "bob", "cyd", "dan"} {
		hashes = append(hashes, w.withToken(w.connected(subject)).Hash)
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		for i := 0; pb.Next(); i++ {
			if _, _, err := s.Bearer(ctx, hashes[i%len(hashes)]); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchWrite measures acknowledged changes, many callers at once.
func BenchWrite(b *testing.B, s *store.Store) {
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := s.AppendAudit(b.Context(), store.AuditEvent{At: noon, Kind: "bench"}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
