package connect

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func TestTurnsAreOnePersonsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all turns
		ada, bob := identityKey{"app", "Google", "ada"}, identityKey{"app", "Google", "bob"}
		adaDone, err := all.take(t.Context(), ada)
		if err != nil {
			t.Fatal(err)
		}
		// Somebody else does not wait: the bubble would report a deadlock.
		bobDone, err := all.take(t.Context(), bob)
		if err != nil {
			t.Fatal(err)
		}
		bobDone()

		order := make(chan string, 2)
		go func() {
			done, err := all.take(t.Context(), ada)
			if err != nil {
				t.Error(err)
				return
			}
			order <- "second"
			done()
		}()
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			if _, err := all.take(ctx, ada); !errors.Is(err, context.Canceled) {
				t.Errorf("who left got %v", err)
			}
		}()
		synctest.Wait()
		leave()
		synctest.Wait()
		order <- "first"
		adaDone()
		if a, b := <-order, <-order; a != "first" || b != "second" {
			t.Errorf("the turns went %s, %s", a, b)
		}
		synctest.Wait()
		if len(all.taken) != 0 {
			t.Errorf("%d turns are remembered although nobody wants one", len(all.taken))
		}
	})
}
