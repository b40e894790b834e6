package listing_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/listing"
)

// numbers is a list of ascending numbers that counts how many of them it is asked to visit.
type numbers struct {
	all     []int
	visited *int
	counted *int
}

func newNumbers(n int) numbers {
	l := numbers{visited: new(int), counted: new(int)}
	for i := range n {
		l.all = append(l.all, i+1)
	}
	return l
}

func (l numbers) Count(context.Context) (int, error) {
	*l.counted++
	*l.visited += len(l.all)
	return len(l.all), nil
}

// behind is the index of the first number behind a place, which is a number.
func (l numbers) behind(from int) int {
	i := 0
	for i < len(l.all) && l.all[i] <= from {
		i++
	}
	return i
}

func (l numbers) Skip(_ context.Context, from, n int) (int, error) {
	*l.visited += n
	i := l.behind(from) + n
	if n == 0 {
		return from, nil
	}
	if i > len(l.all) {
		return 0, listing.ErrEnd
	}
	return l.all[i-1], nil
}

func (l numbers) Behind(_ context.Context, from, limit int) ([]int, error) {
	rest := l.all[l.behind(from):]
	rest = rest[:min(limit, len(rest))]
	*l.visited += len(rest)
	return rest, nil
}

func (numbers) After(n int) int { return n }

func (l numbers) without(n int) numbers {
	kept := numbers{visited: l.visited, counted: l.counted}
	for _, m := range l.all {
		if m != n {
			kept.all = append(kept.all, m)
		}
	}
	return kept
}

// walk turns every page, each by the next of the memories.
func walk(t *testing.T, l numbers, limit int, memories ...*listing.Pages[int, int]) []int {
	t.Helper()
	var got []int
	for i := 0; ; i++ {
		p, err := memories[i%len(memories)].Page(t.Context(), "list", l, len(got), limit)
		if err != nil {
			t.Fatal(err)
		}
		if want := len(got); p.Offset != want || p.Total != len(l.all) || p.Done != (want+len(p.Records) == len(l.all)) {
			t.Fatalf("page at %d: offset %d, total %d, done %v", want, p.Offset, p.Total, p.Done)
		}
		if got = append(got, p.Records...); p.Done {
			return got
		}
	}
}

func memory() *listing.Pages[int, int] {
	return listing.New[int, int](func() time.Time { return noon })
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// The measure of 100,000 accounts page by page is how many records are visited, not time.
func TestAWholeListVisitsEachRecordTwiceAtMost(t *testing.T) {
	t.Parallel()
	const limit = 50
	l := newNumbers(20_000)
	if got := walk(t, l, limit, memory()); len(got) != len(l.all) {
		t.Fatalf("%d of %d", len(got), len(l.all))
	}
	pages := len(l.all) / limit
	if most := 2*len(l.all) + pages; *l.visited > most || *l.counted != 1 { // counted once, read once, and one more a page
		t.Errorf("visited %d, want at most %d; counted %d times", *l.visited, most, *l.counted)
	}
	*l.visited = 0
	m := memory()
	walk(t, l, limit, m)
	*l.visited = 0
	for _, offset := range []int{50, len(l.all) - 50} {
		if _, err := m.Page(t.Context(), "list", l, offset, limit); err != nil {
			t.Fatal(err)
		}
		if *l.visited > limit+1 {
			t.Errorf("the page at %d visits %d", offset, *l.visited)
		}
		*l.visited = 0
	}
}

// Behind a load balancer each server sees one page of three.
func TestSeveralServersWalkTheGapsAlone(t *testing.T) {
	t.Parallel()
	l := newNumbers(3000)
	walk(t, l, 10, memory(), memory(), memory())
	if most := 3*len(l.all) + 4*len(l.all); *l.visited > most { // each counts once, and walks over what the others read
		t.Errorf("visited %d, want at most %d", *l.visited, most)
	}
}

func TestDeletedRecordsHideNoOthers(t *testing.T) {
	t.Parallel()
	l, m := newNumbers(30), memory()
	var got []int
	for len(got) < 30 {
		p, err := m.Page(t.Context(), "list", l, len(got), 10)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p.Records...)
		l = l.without(p.Records[0]) // the first of each page
		if p.Done {
			break
		}
	}
	if want := newNumbers(30).all; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v", got)
	}
}

func TestPagesBehindTheEndAndOfNothing(t *testing.T) {
	t.Parallel()
	for n, offset := range map[int]int{0: 0, 5: 100, 20: 20} {
		l := newNumbers(n)
		p, err := memory().Page(t.Context(), "list", l, offset, 10)
		if err != nil || !p.Done || len(p.Records) > 0 || p.Total != n || p.Offset != offset {
			t.Errorf("%d of %d: %+v, %v", offset, n, p, err)
		}
	}
}

// What is remembered is forgotten after a while: a client that comes back tomorrow gets
// today's list.
func TestAListIsForgotten(t *testing.T) {
	t.Parallel()
	now := noon
	m := listing.New[int, int](func() time.Time { return now })
	l := newNumbers(30)
	walk(t, l, 10, m)
	short := l.without(1)
	now = now.Add(time.Hour)
	p, err := m.Page(t.Context(), "list", short, 10, 10)
	if err != nil || p.Records[0] != 12 || p.Total != 29 {
		t.Errorf("%+v, %v", p, err)
	}
}
