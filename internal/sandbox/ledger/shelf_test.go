package ledger

import (
	"strconv"
	"testing"
)

func TestShelfStaysSmall(t *testing.T) {
	t.Parallel()
	s := newShelf[int](10)
	for i := range 1000 {
		s.put(strconv.Itoa(i), i)
		if i%2 == 0 {
			delete(s.entries, strconv.Itoa(i))
		}
	}
	if len(s.entries) > 10 || len(s.order) > 2*10+64+1 {
		t.Errorf("%d entries, %d in order", len(s.entries), len(s.order))
	}
	if _, ok := s.entries["999"]; !ok {
		t.Error("the newest is gone")
	}
	if _, ok := s.entries["1"]; ok {
		t.Error("the oldest is still there")
	}
}

func TestShelfDropsTheOldestThatMatch(t *testing.T) {
	t.Parallel()
	s := newShelf[int](10)
	for i := range 8 {
		s.put(strconv.Itoa(i), i)
	}
	s.dropOldest(1, func(v int) bool { return v%2 == 0 })
	for i := range 8 {
		_, ok := s.entries[strconv.Itoa(i)]
		if want := i%2 == 1 || i == 6; ok != want {
			t.Errorf("%d: kept %v, want %v", i, ok, want)
		}
	}
}
