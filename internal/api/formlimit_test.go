package api

import (
	"fmt"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/fault"
)

// Each bound holds by itself, whatever else changes from one attempt to the next.
func TestLoginsAreBoundedPerMailboxAddressAndApplication(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		bound  string
		admits int
		caller func(n int) (application string, mailboxes []string, address string)
	}{
		{"mailbox", 5, func(n int) (string, []string, string) {
			return fmt.Sprint("app", n), []string{"ada at mail.test"}, fmt.Sprintf("192.0.2.%d", n)
		}},
		{"the second mailbox", 5, func(n int) (string, []string, string) {
			return fmt.Sprint("app", n), []string{fmt.Sprint("own", n), "ada at mail.test"}, fmt.Sprintf("192.0.2.%d", n)
		}},
		{"address", 20, func(n int) (string, []string, string) {
			return fmt.Sprint("app", n), []string{fmt.Sprint("person", n)}, fmt.Sprintf("2001:db8::%x", n) // one /64
		}},
		{"application", 200, func(n int) (string, []string, string) {
			return "app", []string{fmt.Sprint("person", n)}, fmt.Sprintf("10.0.%d.%d", n/200, n%200)
		}},
	} {
		t.Run(c.bound, func(t *testing.T) {
			t.Parallel()
			now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			l := newLoginLimiter(func() time.Time { return now })
			for n := range c.admits {
				if err := l.draw(c.caller(n)); err != nil {
					t.Fatalf("attempt %d is refused: %v", n+1, err)
				}
			}
			err := l.draw(c.caller(c.admits))
			if !fault.Is(err, fault.LoginLimited) || fault.From(err).RetryAfter <= 0 {
				t.Fatalf("attempt %d: %v, want login.limited with a time", c.admits+1, err)
			}
			now = now.Add(fault.From(err).RetryAfter)
			if err := l.draw(c.caller(c.admits)); err != nil {
				t.Errorf("after the time that was named: %v", err)
			}
			now = now.Add(time.Hour)
			if _ = l.draw("other", []string{"other"}, "198.51.100.1"); len(l.buckets) != 3 {
				t.Errorf("%d buckets are kept after an hour, want those of the last attempt", len(l.buckets))
			}
		})
	}
}

// Whoever is refused may name as many mailboxes as they like: nothing is kept of them.
func TestRefusedLoginsTakeNoMemory(t *testing.T) {
	t.Parallel()
	l := newLoginLimiter(func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) })
	for n := range 500 {
		_ = l.draw("app", []string{fmt.Sprint("person", n)}, "192.0.2.1")
	}
	if want := 20 + 2; len(l.buckets) != want { // those that were admitted, and what they share
		t.Errorf("%d buckets, want %d", len(l.buckets), want)
	}
}
