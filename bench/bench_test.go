package main

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/signal"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/storetest"
)

// TestMain lets this binary be the servers beside a world, as the program is.
func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	fatal(serveRole(ctx, role))
}

// TestFlowIsSeenWhole prepares a measurement, which holds the bare changes against
// those of a real flow, and replays its hops.
func TestFlowIsSeenWhole(t *testing.T) {
	t.Parallel()
	e := engine{name: "SQLite", dir: t.TempDir()}
	if storetest.OnPostgres() {
		e = engine{name: "PostgreSQL", dir: t.TempDir(), server: os.Getenv(serverVariable), made: new([]string)}
	}
	t.Cleanup(func() {
		if err := e.drop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	w, err := newWorld(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.stop)
	if got, want := w.seen.ways(), "client to Avain 3, client to provider 1, Avain to provider 2"; got != want {
		t.Errorf("hops: %s; want %s", got, want)
	}
	if len(w.seen.writes) == 0 || len(w.seen.reads) == 0 {
		t.Errorf("%d changes and %d reads were seen", len(w.seen.writes), len(w.seen.reads))
	}
	hops, err := json.Marshal(w.seen.hops)
	if err != nil {
		t.Fatal(err)
	}
	bare, err := startRole(t.Context(), "replay", hops)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bare.stop)
	if err := bareHops(bare.url, w.seen.hops)(t.Context(), newClient(1), 0); err != nil {
		t.Error(err)
	}
	t.Run("stock", func(t *testing.T) { stockIsWhole(t, w) })
}

// stockIsWhole makes a small stock, and finds it as the measures need it.
func stockIsWhole(t *testing.T, w *world) {
	const accounts, whole, apps = 60, 12, 3
	s, err := w.newStock(t.Context(), stocked{name: "stock", apps: apps, accounts: accounts, whole: whole, due: true}, process{url: "http://127.0.0.1:9"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.db.Close() })
	opened, err := s.engine.open(t.Context(), s.database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	stored := store.New(opened)
	if _, n, err := stored.Accounts(t.Context(), store.AccountFilter{}); n != accounts || err != nil {
		t.Errorf("%d accounts, %v; want %d", n, err, accounts)
	}
	if due, err := stored.DueRegistrations(t.Context()); len(due) != apps || err != nil {
		t.Errorf("%d registrations with something due, %v; want %d", len(due), err, apps)
	}
	if n, err := s.count(t.Context(), 1); n != accounts || err != nil {
		t.Errorf("%d credentials of the first generation, %v", n, err)
	}
	if f, err := s.footprint(t.Context()); f.all <= f.sealed || f.sealed == 0 || err != nil {
		t.Errorf("an account takes %+v, %v", f, err)
	}
	refresh := map[any]bool{}
	for _, bearer := range s.bearers {
		_, acct, err := stored.Bearer(t.Context(), access.Hash(secret.New(bearer)))
		if err != nil {
			t.Fatal(err)
		}
		c, err := stored.Credential(t.Context(), acct.ID)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := w.unseal(c)
		if err != nil {
			t.Fatal(err)
		}
		refresh[plain["refresh"]] = true
	}
	if len(refresh) != whole {
		t.Errorf("%d refresh tokens of %d whole accounts", len(refresh), whole)
	}
}

func TestStandInKeepsItsBook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // it takes its time to answer
		handler := newStandIn()
		ask := func(method, path, body string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			return w
		}
		for _, token := range []string{"a", "b", "a"} {
			if w := ask("POST", "/token", "refresh_token="+token); !json.Valid(w.Body.Bytes()) {
				t.Errorf("the answer is no JSON: %s", w.Body)
			}
		}
		var book asked
		if err := json.Unmarshal(ask("GET", "/asked", "").Body.Bytes(), &book); err != nil || book.Times != 3 || book.Twice != 1 {
			t.Errorf("the book says %+v, %v", book, err)
		}
	})
}

func TestAreas(t *testing.T) {
	t.Parallel()
	const traces = `File: bench
Duration: 2s, Total samples = 30000000ns
-----------+-------------------------------------------------------
10000000ns   runtime.memmove
             modernc.org/sqlite.(*conn).columnText
             github.com/avain-project/avain/internal/store.scanAttempt
             github.com/avain-project/avain/internal/api.(*Server).callback
-----------+-------------------------------------------------------
     bytes:  64B
20000000ns   modernc.org/sqlite/lib._walFrames
             github.com/avain-project/avain/internal/store/sqlite.commit
             github.com/avain-project/avain/internal/store/sqlite.startWriter.func1
-----------+-------------------------------------------------------
 5000000ns   runtime.futex (inline)
             runtime.findRunnable
`
	var got []string
	for took, stack := range stacks([]byte(traces)) {
		got = append(got, took.String()+" "+areaOf(stack))
	}
	want := []string{"10ms reads of the database", "20ms changes of the database", "5ms scheduler, timers, network poll"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), strings.Join(want, "; "))
	}
}

func TestRateComparesNeighbouringRounds(t *testing.T) {
	t.Parallel()
	sideOf := func(perSecond ...float64) *side {
		s := new(side)
		for _, r := range perSecond {
			s.rounds = append(s.rounds, round{perSecond: r, p99: time.Second})
		}
		return s
	}
	// The disk is ten times slower in the second round, for everybody.
	c := flowCost{flow: sideOf(50, 5, 50), hops: sideOf(200, 20, 200), changes: sideOf(200, 20, 200)}
	if got := c.rate(); got != 0.5 {
		t.Errorf("rate = %v, want 0.5", got)
	}
}
