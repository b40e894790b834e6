package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	burstCalls    = 1000 // at once, on one account
	burstReplicas = 3    // on PostgreSQL
	burstRounds   = 7    // that count; one more warms up
	// maxBurstTail is the product's bound: how much longer the 99th of a hundred calls may take where
	// the access token has ended, once the provider's own time is taken off.
	maxBurstTail = 1.5
)

// measureBurst lets a thousand calls come at once for an account whose access token has ended,
// and again when it has a new one; over several servers, where the database is for several.
func measureBurst(ctx context.Context, w *world, binary string, t *table) (err error) {
	standIn, err := startRole(ctx, "token", nil)
	if err != nil {
		return err
	}
	defer standIn.stop()
	s, err := w.newStock(ctx, stocked{name: "burst", apps: 1, accounts: burstRounds + 1, whole: burstRounds + 1, expired: true}, standIn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.db.Close()) }()
	servers, err := s.replicas(ctx, starting(binary, ""))
	if err != nil {
		return err
	}
	defer func() {
		for _, server := range servers {
			server.stop()
		}
	}()
	client := newClient(burstCalls)
	defer client.CloseIdleConnections()
	var tails []float64
	var ended, live []time.Duration
	for i, bearer := range s.bearers {
		before, after, err := burstPair(ctx, client, servers, bearer)
		if err != nil {
			return err
		}
		if i > 0 {
			ended, live = append(ended, before), append(live, after)
			tails = append(tails, float64(before-tokenLatency)/float64(after))
		}
	}
	book, err := standIn.book(ctx)
	if err != nil {
		return err
	}
	t.line(fmt.Sprintf("%d calls at once on an expired account, servers: %d; refreshes", burstCalls, len(servers)),
		fmt.Sprintf("%d for %d accounts", book.Times, len(s.bearers)), "one each", book.Times == len(s.bearers) && book.Twice == 0)
	slices.Sort(tails)
	tail := tails[len(tails)/2]
	t.line("  their p99 less the provider's "+tokenLatency.String()+", against live tokens",
		fmt.Sprintf("%.2fx (%s / %s)", tail, middle(ended).Round(time.Millisecond), middle(live).Round(time.Millisecond)),
		fmt.Sprintf("<= %.1fx", maxBurstTail), tail <= maxBurstTail)
	return nil
}

func middle(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// replicas starts the servers, each in a folder of its own.
func (s *stock) replicas(ctx context.Context, start starter) (servers []process, err error) {
	defer func() {
		if err != nil {
			for _, server := range servers {
				server.stop()
			}
		}
	}()
	n := 1
	if s.engine.server != "" {
		n = burstReplicas
	}
	for i := range n {
		own := s.serving()
		if i > 0 {
			if own.listen, err = freeAddress(); err != nil {
				return servers, err
			}
			if own.folder, err = s.engine.folder(fmt.Sprint("replica", i)); err != nil {
				return servers, err
			}
		}
		server, err := start(ctx, own)
		if err != nil {
			return servers, err
		}
		servers = append(servers, server)
	}
	return servers, nil
}

// burstPair is a burst on an account whose access token has ended, and one on the token that this
// has brought: the 99th percentile of each.
func burstPair(ctx context.Context, client *http.Client, servers []process, bearer string) (ended, live time.Duration, err error) {
	if _, err := burst(ctx, client, servers, "/healthz", ""); err != nil { // no connection is made within the others
		return 0, 0, err
	}
	if ended, err = burst(ctx, client, servers, "/v1/direct/"+directPath, bearer); err != nil {
		return 0, 0, err
	}
	live, err = burst(ctx, client, servers, "/v1/direct/"+directPath, bearer)
	return ended, live, err
}

// burst sends calls at once, to the servers in turn, and returns the 99th percentile of how
// long they took.
func burst(ctx context.Context, client *http.Client, servers []process, path, bearer string) (time.Duration, error) {
	var group sync.WaitGroup
	var mu sync.Mutex
	var all []time.Duration
	var failure error
	begin := make(chan struct{})
	for i := range burstCalls {
		call := get(servers[i%len(servers)].url+path, bearer)
		group.Go(func() {
			<-begin
			began := time.Now()
			err := call(ctx, client, i)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, time.Since(began))
			failure = errors.Join(failure, err)
		})
	}
	close(begin)
	group.Wait()
	if failure != nil {
		return 0, failure
	}
	slices.Sort(all)
	return all[len(all)*99/100], nil
}
