package credential_test

import (
	"testing"
	"time"
)

// Accounts that were connected in one second are not renewed in one second, and each process
// renews an account at the same time.
func TestAccessTokensAreRenewedAtRandomTimes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	all := func(below time.Duration) time.Duration { return below }
	b.draws(all)
	b.connectAs(100, firstTokens()) // 1 h, and so by 60 s + 5 min sooner
	b.draws(nil)
	b.connectAs(200, firstTokens())
	other := b.replica()

	b.advance(54 * time.Minute)
	other.advance(54 * time.Minute)
	b.gets("access-0")
	b.id, other.id = 100, 100
	other.gets("access-1") // it goes by what is stored, not by its own chance
	b.draws(all)
	b.gets("access-1")
	b.id = 200
	b.advance(5*time.Minute - time.Second)
	b.gets("access-0")
	b.advance(time.Second)
	b.gets("access-2")
	// What is renewed is given a time anew.
	b.advance(54*time.Minute - time.Second)
	b.gets("access-2")
	b.advance(time.Second)
	b.gets("access-3")
}
