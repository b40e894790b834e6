package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
)

func TestEachWarningIsLoggedOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	const day = 24 * time.Hour
	ends := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	given := warnings{}
	lines := func(id string, left, before time.Duration, ends time.Time) int {
		t.Helper()
		log.Reset()
		given.of(t.Context(), logger, operator.Expiring{
			Registration: account.Registration{ID: id, SecretExpires: ends}, Left: left, Warning: before,
		})
		return strings.Count(log.String(), "needs a new client secret")
	}
	for i, step := range []struct {
		id           string
		left, before time.Duration
		ends         time.Time
		want         int
	}{
		{"a", 29 * day, 30 * day, ends, 1},
		{"a", 28 * day, 30 * day, ends, 0},
		{"b", 28 * day, 30 * day, ends, 1},
		{"a", 7 * day, 7 * day, ends, 1},
		{"a", 6 * day, 7 * day, ends, 0},
		{"a", day, day, ends, 1},
		{"a", 0, 0, ends, 1},
		{"a", -day, 0, ends, 0},
		{"a", 29 * day, 30 * day, ends.Add(365 * day), 1}, // a new secret
	} {
		if got := lines(step.id, step.left, step.before, step.ends); got != step.want {
			t.Errorf("step %d: %d warnings, want %d", i, got, step.want)
		}
	}
}
