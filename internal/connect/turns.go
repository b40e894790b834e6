package connect

import (
	"context"
	"sync"

	"github.com/avain-project/avain/internal/account"
)

// identityKey names one person at one provider under one application.
type identityKey struct {
	application string
	service     account.ServiceType
	subject     string
}

// turns lets the sign-ins of one person finish one after the other, in this
// process: a turn may ask the provider, so nobody else may have to wait for it.
type turns struct {
	mu    sync.Mutex
	taken map[identityKey]*turn
}

// turn is held by whoever has put into the channel; it is forgotten with the last
// who wants it.
type turn struct {
	held  chan struct{}
	wants int
}

// take waits for the person's turn, or for the end of ctx. done gives it back.
func (t *turns) take(ctx context.Context, key identityKey) (done func(), err error) {
	t.mu.Lock()
	if t.taken == nil {
		t.taken = map[identityKey]*turn{}
	}
	mine := t.taken[key]
	if mine == nil {
		mine = &turn{held: make(chan struct{}, 1)}
		t.taken[key] = mine
	}
	mine.wants++
	t.mu.Unlock()

	select {
	case mine.held <- struct{}{}:
		return func() {
			<-mine.held
			t.leave(key, mine)
		}, nil
	case <-ctx.Done():
		t.leave(key, mine)
		return nil, ctx.Err()
	}
}

func (t *turns) leave(key identityKey, mine *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine.wants--; mine.wants == 0 {
		delete(t.taken, key)
	}
}
