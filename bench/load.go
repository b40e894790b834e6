package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// load is what every connection asks for, over and over.
type load struct{ url, token string }

// round is what one stretch of load measured.
type round struct {
	perSecond float64
	p99       time.Duration
}

// comparison is the median round of both sides.
type comparison struct{ subject, yardstick round }

func (c comparison) rate() float64 { return c.subject.perSecond / c.yardstick.perSecond }
func (c comparison) tail() float64 { return float64(c.subject.p99) / float64(c.yardstick.p99) }

// compare alternates rounds, so that both sides meet the same machine.
func compare(ctx context.Context, subject, yardstick load) (comparison, error) {
	var subjects, yardsticks []round
	for i := range rounds + 1 {
		s, err := run(ctx, subject)
		if err != nil {
			return comparison{}, err
		}
		y, err := run(ctx, yardstick)
		if err != nil {
			return comparison{}, err
		}
		if i == 0 {
			continue // warm-up
		}
		subjects, yardsticks = append(subjects, s), append(yardsticks, y)
	}
	return comparison{median(subjects), median(yardsticks)}, nil
}

func median(rounds []round) round {
	slices.SortFunc(rounds, func(a, b round) int { return int(a.perSecond - b.perSecond) })
	out := rounds[len(rounds)/2]
	slices.SortFunc(rounds, func(a, b round) int { return int(a.p99 - b.p99) })
	out.p99 = rounds[len(rounds)/2].p99
	return out
}

// run keeps every connection busy for one round.
func run(ctx context.Context, l load) (round, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	defer client.CloseIdleConnections()
	var (
		mu      sync.Mutex
		all     []time.Duration
		failure error
		group   sync.WaitGroup
	)
	begun := time.Now()
	for range connections {
		group.Go(func() {
			var took []time.Duration
			var err error
			for time.Since(begun) < roundTime && err == nil {
				var one time.Duration
				if one, err = request(ctx, client, l); err == nil {
					took = append(took, one)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			if err != nil {
				failure = err
			}
		})
	}
	group.Wait()
	elapsed := time.Since(begun)
	if failure != nil {
		return round{}, failure
	}
	slices.Sort(all)
	return round{perSecond: float64(len(all)) / elapsed.Seconds(), p99: all[len(all)*99/100]}, nil
}

func request(ctx context.Context, client *http.Client, l load) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.url, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+l.token)
	begun := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0, err
	}
	if res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s answered %d under load", l.url, res.StatusCode)
	}
	return time.Since(begun), nil
}
