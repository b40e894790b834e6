package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

const (
	fewAccounts, manyAccounts = 1_000, 1_000_000
	calledAccounts            = 1_000 // of either, spread over all
	// backlog is how many of the many are due at once, as after an outage.
	backlog  = 100_000
	searches = 100
	claimed  = 64 // by each
)

// The bounds of the product.
const (
	minSizeRate   = 0.9
	maxSearch     = 5 * time.Millisecond
	maxMiB        = 100.0
	maxPerAccount = 1024.0 // bytes beside its sealed tokens
)

// sizeRounds compare the two sizes.
var sizeRounds = plan{rounds: 7, length: time.Second}

// measureSize compares a server with a million accounts to one with a thousand, while the same
// number of them is called.
func measureSize(ctx context.Context, w *world, binary string, t *table) (err error) {
	standIn, err := startRole(ctx, "token", nil)
	if err != nil {
		return err
	}
	defer standIn.stop()
	var sides [2]sized
	for i, accounts := range []int{fewAccounts, manyAccounts} {
		began := time.Now()
		s, err := w.newStock(ctx, stocked{name: "size" + strconv.Itoa(accounts), apps: 1, accounts: accounts, whole: calledAccounts}, standIn)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.db.Close()) }()
		server, err := starting(binary, "")(ctx, s.serving())
		if err != nil {
			return err
		}
		defer server.stop()
		sides[i] = sized{s, server}
		t.tell(fmt.Sprintf("%d accounts made in", accounts), time.Since(began).Round(time.Second).String())
	}
	few, many := sides[0], sides[1]
	for _, path := range []string{"/v1/account", "/v1/direct/" + directPath} {
		for _, restless := range []bool{false, true} {
			if err := compareSizes(ctx, few, many, path, restless, t); err != nil {
				return err
			}
		}
	}
	memory, err := residentMiB(many.server.pid())
	if err != nil {
		return err
	}
	t.line("resident memory after these calls", fmt.Sprintf("%.1f MiB", memory), fmt.Sprintf("<= %.0f MiB", maxMiB), memory <= maxMiB)
	f, err := many.stock.footprint(ctx)
	if err != nil {
		return err
	}
	beside := f.all - f.sealed
	t.line(fmt.Sprintf("an account on disk with a bearer, beside its %.0f B of sealed tokens", f.sealed), fmt.Sprintf("%.0f B", beside),
		fmt.Sprintf("<= %.0f B", maxPerAccount), beside <= maxPerAccount)
	t.tell("  of it: wrapped key, texts; ids, indexes, pages", fmt.Sprintf("%.0f, %.0f; %.0f B", f.key, f.texts, beside-f.key-f.texts))
	few.server.stop()
	many.server.stop()
	return measureSearch(ctx, many.stock, t)
}

// sized is a server with its accounts.
type sized struct {
	stock  *stock
	server process
}

// calling asks for a path with the bearer of any of the accounts.
func (s sized) calling(path string) load {
	var calls []load
	for _, bearer := range s.stock.bearers {
		calls = append(calls, get(s.server.url+path, bearer))
	}
	return func(ctx context.Context, client *http.Client, worker int) error {
		return calls[rand.N(len(calls))](ctx, client, worker)
	}
}

// restlessEvery is how often something changes while calls read anew what they could remember else.
// A server sees it at its next look, after 250 ms at most; there are more calls in between than
// accounts.
const restlessEvery = 100 * time.Millisecond

// compareSizes compares calls to accounts of both; restless, with a database that changes all the
// time.
func compareSizes(ctx context.Context, few, many sized, path string, restless bool, t *table) error {
	what := "remembered"
	if restless {
		what = "read anew"
		ctx, stop := context.WithCancel(ctx)
		var group sync.WaitGroup
		defer group.Wait()
		defer stop()
		for _, s := range []sized{few, many} {
			group.Go(func() { s.stock.change(ctx) })
		}
	}
	s, y := &side{do: many.calling(path)}, &side{do: few.calling(path)}
	if err := sizeRounds.alternate(ctx, connections, s, y); err != nil {
		return err
	}
	c := comparison{s.median(), y.median()}
	path, _, _ = strings.Cut(strings.TrimPrefix(path, "/v1/"), "/")
	t.line(fmt.Sprintf("/v1/%s, requests/s of %d accounts against %d, %s", path, manyAccounts, fewAccounts, what),
		fmt.Sprintf("%.2fx (%.0f / %.0f)", c.rate(), c.subject.perSecond, c.yardstick.perSecond),
		fmt.Sprintf(">= %.1fx", minSizeRate), c.rate() >= minSizeRate)
	return nil
}

// change makes changes that concern no account, until ctx ends.
func (s *stock) change(ctx context.Context) {
	for ctx.Err() == nil {
		_, _ = s.db.ExecContext(ctx, `UPDATE applications SET updated_at = updated_at + 1`)
		select {
		case <-ctx.Done():
		case <-time.After(restlessEvery):
		}
	}
}

// footprint is what an account costs on disk, in bytes.
type footprint struct {
	all    float64 // with one bearer
	sealed float64 // its tokens
	key    float64 // the wrapped key that they are sealed with
	texts  float64 // what the provider and the application have said of it
}

func (s *stock) footprint(ctx context.Context) (f footprint, err error) {
	now, err := s.engine.bytes(ctx, s.db, s.database)
	if err != nil {
		return f, err
	}
	f.all = float64(now-s.empty) / float64(s.size)
	err = s.db.QueryRowContext(ctx, `SELECT AVG(LENGTH(sealed)), AVG(LENGTH(data_key)) FROM credentials`).Scan(&f.sealed, &f.key)
	if err != nil {
		return f, err
	}
	err = s.db.QueryRowContext(ctx,
		`SELECT AVG(LENGTH(client_org_id || subject || org_id || email || name || COALESCE(login_string, ''))) FROM accounts`).Scan(&f.texts)
	return f, err
}

// measureSearch takes the time of the search for what is due, without the flush of its claims:
// where nothing is, and where much is.
func measureSearch(ctx context.Context, s *stock, t *table) (err error) {
	opened, err := s.engine.open(ctx, s.database)
	if err != nil {
		return err
	}
	timed := &timing{Engine: opened}
	defer func() { err = errors.Join(err, opened.Close()) }()
	for _, due := range []int{0, backlog} {
		if due > 0 {
			if _, err := s.db.ExecContext(ctx, fmt.Sprintf(
				`UPDATE refreshes SET due_at = 1 + generation WHERE account_id IN (SELECT account_id FROM refreshes LIMIT %d)`, due)); err != nil {
				return err
			}
			if err := s.engine.settle(ctx, s.db); err != nil {
				return err
			}
		}
		timed.took = nil
		for range searches {
			// A claim that is over at once leaves the next search the same.
			claims, err := store.New(timed).ClaimDue(ctx, store.DueRequest{
				Turn: "bench", Holder: account.NewRecordID(), Shares: []store.DueShare{{RegistrationID: s.apps[0].registrationID, N: claimed}},
			})
			if err != nil {
				return err
			}
			if want := min(due, claimed); len(claims) != want {
				return fmt.Errorf("of %d due accounts %d were claimed, not %d", due, len(claims), want)
			}
		}
		slices.Sort(timed.took)
		median, p99 := timed.took[len(timed.took)/2], timed.took[len(timed.took)*99/100]
		t.line(fmt.Sprintf("search for due accounts, %d due of %d", due, manyAccounts),
			fmt.Sprintf("%s, p99 %s", median.Round(10*time.Microsecond), p99.Round(10*time.Microsecond)), "<= "+maxSearch.String(), median <= maxSearch)
	}
	return nil
}

// timing is an engine that takes the time of each change, without its commit.
type timing struct {
	store.Engine
	took []time.Duration
}

func (e *timing) Write(ctx context.Context, fn func(context.Context, store.Querier) error) error {
	return e.Engine.Write(ctx, func(ctx context.Context, q store.Querier) error {
		began := time.Now()
		err := fn(ctx, q)
		e.took = append(e.took, time.Since(began))
		return err
	})
}
