package credential

import (
	"context"
	"sync"

	"github.com/avain-project/avain/internal/account"
)

// turns lets one caller at a time try an account's login. A password that is no good
// any more is then refused once, not once for each call that was on its way.
type turns struct {
	mu    sync.Mutex
	taken map[account.ID]*turn
}

type turn struct {
	free    chan struct{} // holds one token where nobody has the turn
	holders int           // who has it or waits for it
}

func newTurns() *turns { return &turns{taken: map[account.ID]*turn{}} }

// take waits for the turn; give it back by the function.
func (t *turns) take(ctx context.Context, id account.ID) (func(), error) {
	own := t.join(id)
	select {
	case <-own.free:
		return func() {
			own.free <- struct{}{}
			t.leave(id, own)
		}, nil
	case <-ctx.Done():
		t.leave(id, own)
		return nil, ctx.Err()
	}
}

func (t *turns) join(id account.ID) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	own, ok := t.taken[id]
	if !ok {
		own = &turn{free: make(chan struct{}, 1)}
		own.free <- struct{}{}
		t.taken[id] = own
	}
	own.holders++
	return own
}

func (t *turns) leave(id account.ID, own *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if own.holders--; own.holders == 0 {
		delete(t.taken, id)
	}
}
