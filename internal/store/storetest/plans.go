package storetest

import (
	"context"
	"database/sql"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/avain-project/avain/internal/store"
)

// Planner is how an engine tells what it would do.
type Planner struct {
	// Explain stands before a statement; the last column of the answer is a line of the plan.
	Explain string
	// Searches is what the plan says of a search by the range of that column in that index.
	Searches func(index, column string) *regexp.Regexp
}

// Plans proves that what background work looks for all the time is looked up in an index by its
// time: none of these searches may grow with what is not due.
func Plans(t *testing.T, e store.Engine, p Planner) {
	t.Helper()
	asked := &explaining{Engine: e, planner: p, plans: map[string]string{}}
	s := store.New(asked)
	ctx := t.Context()
	if _, err := s.ClaimDue(ctx, store.DueRequest{Turn: "turn", Holder: "holder", Shares: []store.DueShare{{RegistrationID: "registration", N: 32}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DueDeliveries(ctx, store.Endpoint{ID: "endpoint"}, 10); err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]*regexp.Regexp{
		"UPDATE refreshes":                p.Searches("refreshes_due", "due_at"),
		"FROM deliveries d JOIN events e": p.Searches("deliveries_due", "due_at"),
	} {
		found := false
		for statement, plan := range asked.plans {
			if !strings.Contains(statement, what) {
				continue
			}
			found = true
			if !want.MatchString(plan) {
				t.Errorf("the plan has no %s:\n%s\n%s", want, statement, plan)
			}
		}
		if !found {
			t.Errorf("no statement with %q was seen", what)
		}
	}
}

// explaining is an engine that has each statement with rows explained.
type explaining struct {
	store.Engine
	planner Planner
	mu      sync.Mutex
	plans   map[string]string // by statement
}

func (e *explaining) Reader() store.Querier { return explainer{e.Engine.Reader(), e} }

func (e *explaining) Write(ctx context.Context, fn func(context.Context, store.Querier) error) error {
	return e.Engine.Write(ctx, func(ctx context.Context, q store.Querier) error {
		return fn(ctx, explainer{q, e})
	})
}

type explainer struct {
	store.Querier
	*explaining
}

func (q explainer) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := q.explain(ctx, query, args); err != nil {
		return nil, err
	}
	return q.Querier.QueryContext(ctx, query, args...)
}

// QueryRowContext leaves an error of the explanation to the query itself.
func (q explainer) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	_ = q.explain(ctx, query, args)
	return q.Querier.QueryRowContext(ctx, query, args...)
}

func (q explainer) explain(ctx context.Context, query string, args []any) error {
	rows, err := q.Querier.QueryContext(ctx, q.planner.Explain+query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	var plan strings.Builder
	for rows.Next() {
		var line string
		into := make([]any, len(columns))
		for i := range into {
			into[i] = new(any)
		}
		into[len(into)-1] = &line
		if err := rows.Scan(into...); err != nil {
			return err
		}
		plan.WriteString(line + "\n")
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.plans[query] = plan.String()
	return rows.Err()
}
