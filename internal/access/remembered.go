package access

import (
	"context"
	"crypto/sha256"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

// rememberedBearers bounds what is kept: about a kilobyte each.
const rememberedBearers = 4096

// bearers remembers the bearers looked up since anything last changed. One change
// anywhere forgets them all, so a revocation is seen by the next call of the
// process that made it, and within a second by every other.
type bearers struct {
	store   Store
	entries *lru.Cache[[sha256.Size]byte, bearerEntry]
}

type bearerEntry struct {
	changes uint64 // the store's, from before it was read
	token   store.Token
	account account.Account
}

func newBearers(s Store) *bearers {
	entries, err := lru.New[[sha256.Size]byte, bearerEntry](rememberedBearers)
	if err != nil {
		panic(err) // a size below one
	}
	return &bearers{store: s, entries: entries}
}

// get is Store.Bearer, or its answer from before.
func (b *bearers) get(ctx context.Context, hash []byte) (store.Token, account.Account, error) {
	key := [sha256.Size]byte(hash)
	changes := b.store.Changes()
	if known, ok := b.entries.Get(key); ok && known.changes == changes {
		return known.token, known.account, nil
	}
	token, acct, err := b.store.Bearer(ctx, hash)
	if err == nil {
		b.entries.Add(key, bearerEntry{changes, token, acct})
	}
	return token, acct, err
}
