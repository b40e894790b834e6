package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/avain-project/avain/internal/jobs"
)

func TestRunGoesOnAfterFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var runs []time.Duration
		begun := time.Now()
		done := make(chan struct{})
		go func() {
			defer close(done)
			jobs.Run(ctx, slog.New(slog.DiscardHandler), jobs.Task{Name: "t", Interval: time.Minute, Do: func(context.Context) error {
				runs = append(runs, time.Since(begun))
				switch len(runs) {
				case 1:
					return errors.New("no luck")
				case 2:
					panic("worse")
				}
				return nil
			}})
		}()
		time.Sleep(2*time.Minute + time.Second)
		cancel()
		<-done
		if len(runs) != 3 || runs[0] != 0 || runs[2] != 2*time.Minute {
			t.Errorf("ran at %v, want at once and each minute", runs)
		}
	})
}
