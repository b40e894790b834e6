package storetest

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

// ClaimBesideSave proves that a claim which has read the generation just before another process
// saved a new credential is none, and leaves what the save said: where writers run side by side,
// it would else stand for a credential that is over, and what is due would be taken for nobody's.
func ClaimBesideSave(t *testing.T, e store.Engine) {
	t.Helper()
	saved := store.New(e)
	late := &lateEngine{Engine: e}
	w := newWorld(t, saved)
	a := w.connected("ada")
	c := *newCredential()
	c.AccountID, c.Due = a.ID, time.Millisecond
	late.after = func() {
		w.ok(saved.SaveCredential(w.ctx(), c, 1, store.TokenState{Status: account.TokenActive, IssuedAt: noon}))
	}
	_, err := store.New(late).ClaimRefresh(w.ctx(), store.ClaimRequest{AccountID: a.ID, Generation: 1, Holder: "late", For: 1})
	w.is(err, store.ErrConflict)
	if late.after != nil {
		t.Fatal("nobody has saved meanwhile")
	}
	var due []store.Claim
	until(t, func() bool {
		due = must(saved.ClaimDue(w.ctx(), store.DueRequest{Turn: "turn", Holder: "worker", Shares: []store.DueShare{{RegistrationID: a.RegistrationID, N: 5}}}))(t)
		return len(due) > 0
	})
	equal(t, due[0].Generation, 2)
	equal(t, must(w.claim(a.ID, "next", func(r *store.ClaimRequest) { r.Generation = 2 }))(t).Generation, 2)
}

// lateEngine is an engine of a process that is slow after it has read a generation.
type lateEngine struct {
	store.Engine
	after func()
}

func (e *lateEngine) Write(ctx context.Context, fn func(ctx context.Context, q store.Querier) error) error {
	return e.Engine.Write(ctx, func(ctx context.Context, q store.Querier) error { return fn(ctx, lateQuerier{q, e}) })
}

type lateQuerier struct {
	store.Querier
	engine *lateEngine
}

func (q lateQuerier) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	row := q.Querier.QueryRowContext(ctx, query, args...)
	if after := q.engine.after; after != nil && strings.Contains(query, "FROM credentials") {
		q.engine.after = nil
		after()
	}
	return row
}
