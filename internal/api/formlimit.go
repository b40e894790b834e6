package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/avain-project/avain/internal/fault"
)

// loginBound is how many logins may be tried at once, and how long until one more.
type loginBound struct {
	burst int
	every time.Duration
}

// The bounds of logins that people try on our sign-in page. Directories lock a mailbox
// after a handful of wrong passwords, often for half an hour: the first bound is to keep
// a stranger, or a stubborn owner, from getting there too fast. The others are for whoever
// tries one password on many mailboxes; an office shares one address.
func loginBounds() (mailbox, address, application loginBound) {
	return loginBound{5, time.Minute}, loginBound{20, 6 * time.Second}, loginBound{200, time.Second / 5}
}

// loginLimiter counts tried logins, in this process.
type loginLimiter struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[string]loginBucket
	swept   time.Time
}

type loginBucket struct {
	*rate.Limiter
	key  string
	full time.Duration // from empty
	last time.Time
}

func newLoginLimiter(now func() time.Time) *loginLimiter {
	return &loginLimiter{now: now, buckets: map[string]loginBucket{}, swept: now()}
}

// draw admits one login to those mailboxes, or says when to come again. The address is that of
// whoever types; empty where an application brings the login by its own secret.
func (l *loginLimiter) draw(applicationID string, mailboxes []string, address string) error {
	perMailbox, perAddress, perApplication := loginBounds()
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.sweep(now)
	buckets := []loginBucket{l.bucket("application "+applicationID, perApplication)}
	if address != "" {
		buckets = append(buckets, l.bucket("address "+addressPrefix(address), perAddress))
	}
	for _, mailbox := range mailboxes {
		buckets = append(buckets, l.bucket("mailbox "+mailbox, perMailbox))
	}
	var wait time.Duration
	for _, b := range buckets {
		if missing := 1 - b.TokensAt(now); missing > 0 {
			wait = max(wait, time.Duration(missing/float64(b.Limit())*float64(time.Second)), time.Second)
		}
	}
	if wait > 0 { // one that is refused counts nowhere, and nothing is kept of it
		return &fault.Error{Code: fault.LoginLimited, RetryAfter: wait, Detail: "Wait " + minutes(wait) + "."}
	}
	for _, b := range buckets {
		b.AllowN(now, 1)
		b.last = now
		l.buckets[b.key] = b
	}
	return nil
}

func minutes(wait time.Duration) string {
	if wait <= time.Minute {
		return "one minute"
	}
	return (wait + time.Minute - 1).Truncate(time.Minute).String()
}

// bucket is the one of that key, or a full one.
func (l *loginLimiter) bucket(key string, bound loginBound) loginBucket {
	if b, known := l.buckets[key]; known {
		return b
	}
	return loginBucket{Limiter: rate.NewLimiter(rate.Every(bound.every), bound.burst), key: key, full: time.Duration(bound.burst) * bound.every}
}

// sweep forgets the buckets that are full by now.
func (l *loginLimiter) sweep(now time.Time) {
	if now.Sub(l.swept) < idle {
		return
	}
	l.swept = now
	for key, b := range l.buckets {
		if now.Sub(b.last) > b.full {
			delete(l.buckets, key)
		}
	}
}
