package ledger

// shelf is a map that holds at most max entries: the oldest gives way to the
// newest, so that a long-running sandbox stays small.
type shelf[V any] struct {
	max     int
	entries map[string]V
	order   []string // oldest first; may name entries that are gone
}

func newShelf[V any](limit int) *shelf[V] {
	return &shelf[V]{max: limit, entries: map[string]V{}}
}

// put adds a value under a key that was never used before.
func (s *shelf[V]) put(key string, v V) {
	s.entries[key] = v
	s.order = append(s.order, key)
	for len(s.entries) > s.max {
		delete(s.entries, s.order[0])
		s.order = s.order[1:]
	}
	if len(s.order) > 2*len(s.entries)+64 {
		s.compact()
	}
}

func (s *shelf[V]) compact() {
	kept := make([]string, 0, len(s.entries))
	for _, key := range s.order {
		if _, ok := s.entries[key]; ok {
			kept = append(kept, key)
		}
	}
	s.order = kept
}

func (s *shelf[V]) deleteFunc(drop func(V) bool) {
	for key, v := range s.entries {
		if drop(v) {
			delete(s.entries, key)
		}
	}
}

// dropOldest deletes the oldest matching entries until at most keep are left.
func (s *shelf[V]) dropOldest(keep int, match func(V) bool) {
	var found []string
	for _, key := range s.order {
		if v, ok := s.entries[key]; ok && match(v) {
			found = append(found, key)
		}
	}
	for len(found) > keep {
		delete(s.entries, found[0])
		found = found[1:]
	}
}
