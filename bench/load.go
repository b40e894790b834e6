package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// load is one thing to do, over and over, by a worker of that number.
type load func(ctx context.Context, client *http.Client, worker int) error

// round is what one stretch of load measured.
type round struct {
	done      int
	perSecond float64
	p99       time.Duration
}

// side is one of the things that are compared.
type side struct {
	do load
	// meter, if any, reads what processor time each process has used so far.
	meter func() ([]time.Duration, error)

	rounds []round
	all    int             // how often it was done, warm-up included
	used   []time.Duration // in the rounds that count
	done   int             // in the rounds that count
}

// comparison is the median round of both sides.
type comparison struct{ subject, yardstick round }

func (c comparison) rate() float64 { return c.subject.perSecond / c.yardstick.perSecond }
func (c comparison) tail() float64 { return float64(c.subject.p99) / float64(c.yardstick.p99) }

func compare(ctx context.Context, subject, yardstick load) (comparison, error) {
	s, y := &side{do: subject}, &side{do: yardstick}
	if err := callRounds.alternate(ctx, connections, s, y); err != nil {
		return comparison{}, err
	}
	return comparison{s.median(), y.median()}, nil
}

// plan is how a comparison is done.
type plan struct {
	rounds int // that count; one more warms up
	length time.Duration
}

// alternate runs rounds of each side in turn, so that all meet the same machine.
func (p plan) alternate(ctx context.Context, workers int, sides ...*side) error {
	for i := range p.rounds + 1 {
		for _, s := range sides {
			if err := s.round(ctx, workers, p.length, i == 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *side) round(ctx context.Context, workers int, length time.Duration, warmUp bool) error {
	before, err := s.read()
	if err != nil {
		return err
	}
	r, err := run(ctx, workers, length, s.do)
	if err != nil {
		return err
	}
	after, err := s.read()
	if err != nil {
		return err
	}
	s.all += r.done
	if warmUp {
		return nil
	}
	s.rounds, s.done = append(s.rounds, r), s.done+r.done
	if s.used == nil {
		s.used = make([]time.Duration, len(after))
	}
	for i := range after {
		s.used[i] += after[i] - before[i]
	}
	return nil
}

func (s *side) read() ([]time.Duration, error) {
	if s.meter == nil {
		return nil, nil
	}
	return s.meter()
}

// median is the round in the middle by rate, with the p99 in the middle.
func (s *side) median() round {
	rounds := slices.Clone(s.rounds)
	slices.SortFunc(rounds, func(a, b round) int { return cmp.Compare(a.p99, b.p99) })
	p99 := rounds[len(rounds)/2].p99
	slices.SortFunc(rounds, func(a, b round) int { return cmp.Compare(a.perSecond, b.perSecond) })
	out := rounds[len(rounds)/2]
	out.p99 = p99
	return out
}

// run keeps every worker busy for one round.
func run(ctx context.Context, workers int, length time.Duration, l load) (round, error) {
	client := newClient(workers)
	defer client.CloseIdleConnections()
	var (
		mu      sync.Mutex
		all     []time.Duration
		failure error
		group   sync.WaitGroup
	)
	begun := time.Now()
	for worker := range workers {
		group.Go(func() {
			var took []time.Duration
			var err error
			for time.Since(begun) < length && err == nil {
				one := time.Now()
				if err = l(ctx, client, worker); err == nil {
					took = append(took, time.Since(one))
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
	return round{done: len(all), perSecond: float64(len(all)) / elapsed.Seconds(), p99: all[len(all)*99/100]}, nil
}

// newClient follows no redirect: a flow counts its hops.
func newClient(connections int) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: connections},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// get asks for one address with a bearer.
func get(address, token string) load {
	return func(ctx context.Context, client *http.Client, _ int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			return err
		}
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %d under load", address, res.StatusCode)
		}
		return nil
	}
}
