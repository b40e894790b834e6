package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/avain-project/avain/internal/fault"
)

// Limits bound how often one application may call and, apart from that, begin
// sign-ins, and how often one address may call without a valid credential: so many
// a second, in bursts of four seconds' worth. Zero is no limit.
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

// calls draws from the bucket of an application's authenticated calls.
func (l *limiter) calls(id string) error {
	return l.draw("calls "+id, l.limits.Application)
}

// signIns draws from the bucket of an application's sign-ins. Anybody can begin
// one, so that they must not use up what the calls have.
func (l *limiter) signIns(id string) error {
	return l.draw("sign-ins "+id, l.limits.Application)
}

// address draws from the bucket of an address: for routes without authentication,
// for each failed one, and for each guess at a code or an account.
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
