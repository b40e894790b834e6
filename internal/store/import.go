package store

import (
	"context"
	"fmt"
)

// SaveConnections is [Store.SaveConnection] for many at once: all of them are written, or
// none is. It is for accounts that no sign-in has brought: what belongs to an attempt, a
// code or a session is not written. Events are told as of any other. ErrConflict is of at
// least one of them, and does not say of which.
func (s *Store) SaveConnections(ctx context.Context, all []Connection) error {
	const what = "save the connections"
	var texts []string
	for _, c := range all {
		if c.New && c.Credential == nil {
			return fmt.Errorf("%s: a new account needs a credential", what)
		}
		texts = append(texts, c.interned()...)
	}
	return s.writeInterned(ctx, what, texts, func(ctx context.Context, q Querier) error {
		for _, c := range all {
			if err := s.connect(ctx, q, c); err != nil {
				return err
			}
			if err := saveUser(ctx, q, c); err != nil {
				return err
			}
			if c.Token == nil {
				continue
			}
			if err := insertToken(ctx, q, *c.Token); err != nil {
				return err
			}
		}
		return nil
	})
}
