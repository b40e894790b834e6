package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/postgres"
	"github.com/avain-project/avain/internal/store/storetest"
	"github.com/avain-project/avain/internal/testenv"
)

func open(t *testing.T, address string) *postgres.Engine {
	t.Helper()
	e, err := postgres.Open(t.Context(), postgres.Config{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// words is an engine on a database with one table of words.
func words(t *testing.T) (*storetest.Postgres, *postgres.Engine) {
	t.Helper()
	p := storetest.EmptyPostgres(t)
	e := open(t, p.URL)
	write(t, e, `CREATE TABLE words (word TEXT PRIMARY KEY)`)
	return p, e
}

type writeFunc = func(context.Context, store.Querier) error

func statement(text string, args ...any) writeFunc {
	return func(ctx context.Context, q store.Querier) error {
		_, err := q.ExecContext(ctx, text, args...)
		return err
	}
}

func write(t *testing.T, e *postgres.Engine, text string) {
	t.Helper()
	if err := e.Write(t.Context(), statement(text)); err != nil {
		t.Fatal(err)
	}
}

func allWords(t *testing.T, e *postgres.Engine) string {
	t.Helper()
	var all string
	err := e.Reader().QueryRowContext(t.Context(), `SELECT COALESCE(string_agg(word, ' ' ORDER BY word), '') FROM words`).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAnErrorUndoesTheChange(t *testing.T) {
	t.Parallel()
	_, e := words(t)
	refused := errors.New("refused")
	err := e.Write(t.Context(), func(ctx context.Context, q store.Querier) error {
		return errors.Join(statement(`INSERT INTO words VALUES ('one')`)(ctx, q), refused)
	})
	if !errors.Is(err, refused) {
		t.Errorf("error = %v, want the function's own", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = e.Write(t.Context(), func(ctx context.Context, q store.Querier) error {
			_ = statement(`INSERT INTO words VALUES ('two')`)(ctx, q)
			panic("a mistake")
		})
	}()
	write(t, e, `INSERT INTO words VALUES ('three')`)
	if d := cmp.Diff("three", allWords(t, e)); d != "" {
		t.Error(d)
	}
}

// A caller that goes away while its change runs does not break it off.
func TestACallerThatGoesAwayChangesNothing(t *testing.T) {
	t.Parallel()
	_, e := words(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := e.Write(ctx, func(ctx context.Context, q store.Querier) error {
		cancel()
		return statement(`INSERT INTO words VALUES ('one')`)(ctx, q)
	})
	if err != nil {
		t.Errorf("error = %v, want what really happened", err)
	}
	if d := cmp.Diff("one", allWords(t, e)); d != "" {
		t.Error(d)
	}
}

// Two changes that take the same rows in opposite orders deadlock; the one that
// PostgreSQL breaks off runs again.
func TestDeadlocksRunAgain(t *testing.T) {
	t.Parallel()
	_, e := words(t)
	write(t, e, `ALTER TABLE words ADD COLUMN n INTEGER NOT NULL DEFAULT 0`)
	write(t, e, `INSERT INTO words VALUES ('a'), ('b')`)
	bump := func(word string) writeFunc { return statement(`UPDATE words SET n = n + 1 WHERE word = $1`, word) }
	both, results := make(chan struct{}, 2), make(chan error, 2)
	runs := make(chan struct{}, 20)
	met := make(chan struct{})
	for _, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		first := true
		go func() {
			results <- e.Write(t.Context(), func(ctx context.Context, q store.Querier) error {
				runs <- struct{}{}
				if err := bump(order[0])(ctx, q); err != nil {
					return err
				}
				if first { // each holds its first row now
					first = false
					both <- struct{}{}
					<-met
				}
				return bump(order[1])(ctx, q)
			})
		}()
	}
	<-both
	<-both
	close(met)
	for range 2 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	var n int
	if err := e.Reader().QueryRowContext(t.Context(), `SELECT SUM(n) FROM words`).Scan(&n); err != nil || n != 4 {
		t.Errorf("%d changes, %v; want 4", n, err)
	}
	if len(runs) < 3 { // more, where the second try came in between again
		t.Errorf("%d runs, want one to have run twice", len(runs))
	}
}

// A server that was restarted fails nobody who comes afterwards, though every
// connection in the pool is dead.
func TestARestartedServerFailsNobody(t *testing.T) {
	t.Parallel()
	p, e := words(t)
	for range 5 {
		fill(t, e)
		p.Disconnect()
		_ = allWords(t, e)
		fill(t, e)
		p.Disconnect()
		write(t, e, `INSERT INTO words VALUES ('one') ON CONFLICT DO NOTHING`)
	}
	// And one that dies in the middle of a change lets it run again.
	dead := false
	err := e.Write(t.Context(), func(ctx context.Context, q store.Querier) error {
		if !dead {
			dead = true
			p.Disconnect()
		}
		return statement(`INSERT INTO words VALUES ('two')`)(ctx, q)
	})
	if err != nil {
		t.Error(err)
	}
	if d := cmp.Diff("one two", allWords(t, e)); d != "" {
		t.Error(d)
	}
}

// fill leaves several open connections in the pool.
func fill(t *testing.T, e *postgres.Engine) {
	t.Helper()
	const n = 8
	arrived, leave, errs := make(chan struct{}, n), make(chan struct{}), make(chan error, n)
	for range n {
		go func() {
			errs <- e.Write(t.Context(), func(ctx context.Context, q store.Querier) error {
				err := statement(`SELECT 1`)(ctx, q)
				arrived <- struct{}{}
				<-leave
				return err
			})
		}()
	}
	for range n {
		<-arrived
	}
	close(leave)
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestTextThatPostgresCannotHold(t *testing.T) {
	t.Parallel()
	s := storetest.OpenPostgres(t)
	for _, text := range []string{"nul\x00", "\xff\xfe", "cut \xc3"} {
		if _, err := s.ApplicationByClientID(t.Context(), text); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v, want that there is none", text, err)
		}
		if err := s.AppendAudit(t.Context(), store.AuditEvent{Kind: "k", Detail: text}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	events, err := s.AuditEvents(t.Context(), 1)
	if err != nil || len(events) != 1 || events[0].Detail != "cut \ufffd" {
		t.Errorf("events = %+v, %v", events, err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	p := storetest.EmptyPostgres(t)
	with := func(more string) string { return p.URL + more }
	for name, c := range map[string]struct{ url, want string }{
		"no URL":            {"postgres://%zz", "URL"},
		"no number":         {with("&pool_max_conns=many"), "pool_max_conns"},
		"no server":         {"postgres://127.0.0.1:1/avain?user=u", "127.0.0.1"},
		"no database":       {strings.Replace(p.URL, "/avain_test", "/no_avain_test", 1), "does not exist"},
		"an unknown mode":   {with("&default_query_exec_mode=x"), "default_query_exec_mode"},
		"password in error": {"postgres://u:hunter2@127.0.0.1:1/avain?pool_max_conns=0", "pool_max_conns"},
		"secret stays":      {"postgres://u:hunter2@%zz/avain", "URL"},
	} {
		e, err := postgres.Open(t.Context(), postgres.Config{URL: c.url})
		if err == nil {
			_ = e.Close()
			t.Errorf("%s: opened", name)
			continue
		}
		if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A pooler is found out; the URL may know better.
func TestStatementsAreNotNamedBehindAPooler(t *testing.T) {
	t.Parallel()
	p := storetest.EmptyPostgres(t)
	testenv.Need(t, "PgBouncer", p.Pooled != "", "run the tests by scripts/with-postgres")
	prepared := func(address string) (n int) {
		t.Helper()
		e := open(t, address)
		err := e.Write(t.Context(), func(ctx context.Context, q store.Querier) error {
			return q.QueryRowContext(ctx, `SELECT COUNT(*) FROM pg_prepared_statements WHERE statement <> $1`, "").Scan(&n)
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if prepared(p.URL) == 0 {
		t.Error("directly, statements are not prepared")
	}
	if n := prepared(p.URL + "&default_query_exec_mode=exec"); n != 0 {
		t.Errorf("%d statements are prepared although the URL says exec", n)
	}
	if n := prepared(p.Pooled); n != 0 {
		t.Errorf("%d statements are prepared behind the pooler", n)
	}
}

// A server that is frozen within a change, or cut off, must not keep its rows from all
// others for as long as that lasts; package replicas of the end-to-end tests freezes one.
func TestTheServerEndsAChangeThatStandsStill(t *testing.T) {
	t.Parallel()
	p := storetest.EmptyPostgres(t)
	testenv.Need(t, "PgBouncer", p.Pooled != "", "run the tests by scripts/with-postgres")
	for _, address := range []string{p.URL, p.Pooled} {
		e := open(t, address)
		limit := func(ctx context.Context, q store.Querier) (text string) {
			err := q.QueryRowContext(ctx, `SELECT current_setting('idle_in_transaction_session_timeout')`).Scan(&text)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		err := e.Write(t.Context(), func(ctx context.Context, q store.Querier) error {
			if got := limit(ctx, q); got != "5s" {
				t.Errorf("it may stand still for %s", got)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := limit(t.Context(), e.Reader()); got != "0" {
			t.Errorf("the session keeps %s", got)
		}
	}
}
