package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// A million accounts name the same few applications, registrations, service types and lists of
// scopes. The table interned has each of those texts once, and their rows its number. Nothing is
// taken out of it: a number means the same for good.

// numberOf is the SQL of an interned text's number, and of NULL for a text that is not there.
func numberOf(text string) string {
	return `(SELECT i.number FROM interned i WHERE i.text = ` + text + `)`
}

// textOf is the SQL of the text of a number.
func textOf(number string) string {
	return `(SELECT i.text FROM interned i WHERE i.number = ` + number + `)`
}

// internedKept is how many texts a store remembers to be there. Providers may answer with scopes
// of any kind.
const internedKept = 1000

// internedTexts are those that a store knows to be there.
type internedTexts struct {
	mu    sync.Mutex
	known map[string]bool
}

func (t *internedTexts) knows(text string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known[text]
}

func (t *internedTexts) add(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.known) >= internedKept || t.known == nil {
		t.known = map[string]bool{}
	}
	t.known[text] = true
}

func (t *internedTexts) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known = nil
}

// writeInterned is a write whose rows name texts by their numbers. It has to be a change of its
// own that adds one, which happens once in a database's life: what is remembered must have been
// committed.
func (s *Store) writeInterned(ctx context.Context, what string, texts []string, fn func(context.Context, Querier) error) error {
	for _, text := range texts {
		if err := s.intern(ctx, text); err != nil {
			return s.fail(ctx, what, err)
		}
	}
	err := s.write(ctx, what, fn)
	if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrConflict) {
		s.interned.forget() // a database that was replaced by an older one may lack some
	}
	return err
}

func (s *Store) intern(ctx context.Context, text string) error {
	if s.interned.knows(text) {
		return nil
	}
	var found bool
	err := s.engine.Reader().QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM interned WHERE text = $1)`, text).Scan(&found)
	if err == nil && !found {
		err = s.engine.Write(ctx, func(ctx context.Context, q Querier) error { return addInterned(ctx, q, text) })
	}
	if err == nil {
		s.interned.add(text)
	}
	return err
}

func addInterned(ctx context.Context, q Querier, text string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO interned (text) VALUES ($1) ON CONFLICT DO NOTHING`, text)
	return err
}

// recordID is a record's id as the tables of accounts keep it: 16 bytes where it is 32 hexadecimal
// digits, as those that Avain draws. Any other is its text, with a prefix that makes it longer.
type recordID string

const notHexadecimal = "not hexadecimal: "

func (id recordID) bytes() []byte {
	b, err := hex.DecodeString(string(id))
	switch {
	case id == "":
		return []byte{}
	case err == nil && len(b) == 16 && strings.ToLower(string(id)) == string(id):
		return b
	}
	return []byte(notHexadecimal + string(id))
}

// Scan reads what bytes has written.
func (id *recordID) Scan(src any) error {
	b, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("a record's id is kept as bytes, not as %T", src)
	}
	*id = recordID(hex.EncodeToString(b))
	if text, ok := strings.CutPrefix(string(b), notHexadecimal); ok {
		*id = recordID(text)
	}
	return nil
}
