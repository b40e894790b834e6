package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Task is one piece of repeated work.
type Task struct {
	Name     string
	Interval time.Duration
	Do       func(context.Context) error
}

// Run repeats the task until ctx ends: at once, then after each interval. A
// failing or panicking run is logged and does not stop the next.
func Run(ctx context.Context, logger *slog.Logger, task Task) {
	ticker := time.NewTicker(task.Interval)
	defer ticker.Stop()
	for {
		if err := once(ctx, task); err != nil && ctx.Err() == nil {
			logger.ErrorContext(ctx, "background task failed", "task", task.Name, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func once(ctx context.Context, task Task) (err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("panic: %v", broken)
		}
	}()
	return task.Do(ctx)
}
