package rota

import (
	"math"
	"time"
)

// Limit bounds one stream of refreshes.
type Limit struct {
	AtOnce    int
	PerSecond float64
}

// Limited is the limit of a setting, of which 0 is none.
func Limited(atOnce int, perSecond float64) Limit {
	if atOnce <= 0 {
		atOnce = math.MaxInt32
	}
	if perSecond <= 0 {
		perSecond = math.MaxInt32
	}
	return Limit{atOnce, perSecond}
}

// twice is the limit of a provider, which several registrations share.
func (l Limit) twice() Limit { return Limit{2 * l.AtOnce, 2 * l.PerSecond} }

// burst is what may come in one moment: a quarter of a second's.
func (l Limit) burst() float64 { return max(1, l.PerSecond/4) }

// bucket keeps a limit.
type bucket struct {
	limit Limit
	taken int     // places in use
	level float64 // of refreshes that may begin now
	at    time.Time
}

func newBucket(l Limit, now time.Time) *bucket { return &bucket{limit: l, level: l.burst(), at: now} }

// room is how many may begin now.
func (b *bucket) room(now time.Time) int {
	if since := now.Sub(b.at); since > 0 {
		b.level, b.at = min(b.limit.burst(), b.level+since.Seconds()*b.limit.PerSecond), now
	}
	return min(b.limit.AtOnce-b.taken, int(b.level+1e-9)) // ten tenths are not quite one
}

func (b *bucket) take() {
	b.taken++
	b.level--
}

// untake gives back what was taken and not used.
func (b *bucket) untake(n int) {
	b.taken -= n
	b.level += float64(n)
}
