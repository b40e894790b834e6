package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/avain-project/avain/internal/fault"
)

// Limits bound how often one application, or one address without a valid
// credential, may call: so many a second, in bursts of four seconds' worth. Zero
// is no limit.
type Limits struct {
	Application float64
	Address     float64
}

// burst is how many seconds' worth may come at once.
const burst = 4

// idle is after how long a bucket nobody draws from is forgotten; it is full by
// then.
const idle = time.Minute

// limiter holds one bucket a caller.
type limiter struct {
	limits Limits
	now    func() time.Time

	mu      sync.Mutex
	buckets map[string]*bucket
	swept   time.Time
}

type bucket struct {
	rate *rate.Limiter
	last time.Time
}

func newLimiter(limits Limits, now func() time.Time) *limiter {
	return &limiter{limits: limits, now: now, buckets: map[string]*bucket{}, swept: now()}
}

// application draws from an application's bucket.
func (l *limiter) application(id string) error {
	return l.draw("application "+id, l.limits.Application)
}

// address draws from the bucket of an address: for routes without authentication,
// and for each failed one.
func (l *limiter) address(address string) error {
	return l.draw("address "+addressPrefix(address), l.limits.Address)
}

func (l *limiter) draw(key string, perSecond float64) error {
	if perSecond <= 0 {
		return nil
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	b := l.buckets[key]
	if b == nil {
		b = &bucket{rate: rate.NewLimiter(rate.Limit(perSecond), max(1, int(burst*perSecond)))}
		l.buckets[key] = b
	}
	b.last = now
	if b.rate.AllowN(now, 1) {
		return nil
	}
	wait := time.Duration((1 - b.rate.TokensAt(now)) / perSecond * float64(time.Second))
	return &fault.Error{Code: fault.RateLimited, RetryAfter: max(wait, time.Second)}
}

func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < idle {
		return
	}
	l.swept = now
	for key, b := range l.buckets {
		if now.Sub(b.last) > idle {
			delete(l.buckets, key)
		}
	}
}
