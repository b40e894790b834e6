package listing

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Bounds of what is remembered.
const (
	lists      = 256             // by process: an application with one filter is one
	marksAList = 4096            // each a few dozen bytes; with more, every second is forgotten
	remembered = 5 * time.Minute // after which a list that nobody turned a page of is forgotten
)

// ErrEnd says that a list is not as long as was asked for.
var ErrEnd = errors.New("the list ends before")

// Source is one list in a fixed order. P is a place between two records; the zero one is the
// beginning.
type Source[T, P any] interface {
	// Count counts the whole list.
	Count(ctx context.Context) (int, error)
	// Skip is the place n records behind another one, or ErrEnd.
	Skip(ctx context.Context, from P, n int) (P, error)
	// Behind is at most limit records behind a place.
	Behind(ctx context.Context, from P, limit int) ([]T, error)
	// After is the place right behind a record.
	After(record T) P
}

// Page is the contract's offset page.
type Page[T any] struct {
	Offset int
	// Total is how long the list was when its first page was asked for.
	Total   int
	Done    bool // there is nothing behind this page
	Records []T
}

// Pages remembers where pages ended. It is safe for concurrent use.
type Pages[T, P any] struct {
	now   func() time.Time
	mu    sync.Mutex
	lists *lru.Cache[string, *list[P]]
}

// list is what is known of one list.
type list[P any] struct {
	total int
	marks []mark[P] // ascending
	used  time.Time
}

type mark[P any] struct {
	offset int
	place  P
}

// New makes the memory, empty.
func New[T, P any](now func() time.Time) *Pages[T, P] {
	known, err := lru.New[string, *list[P]](lists)
	if err != nil {
		panic(err) // a size below one
	}
	return &Pages[T, P]{now: now, lists: known}
}

// Page reads a page of the list that key names. limit is positive, offset is not negative.
func (p *Pages[T, P]) Page(ctx context.Context, key string, source Source[T, P], offset, limit int) (Page[T], error) {
	page := Page[T]{Offset: offset}
	from, total, err := p.begin(ctx, key, source, offset)
	if err != nil {
		return page, err
	}
	page.Total = total
	place, err := source.Skip(ctx, from.place, offset-from.offset)
	if errors.Is(err, ErrEnd) {
		page.Done = true
		return page, nil
	}
	if err != nil {
		return page, err
	}
	page.Records, err = source.Behind(ctx, place, limit+1)
	if err != nil {
		return page, err
	}
	end := offset + min(len(page.Records), limit)
	if page.Done = len(page.Records) <= limit; page.Done {
		if len(page.Records) > 0 {
			page.Total = end
		}
		return page, nil
	}
	page.Records = page.Records[:limit]
	page.Total = max(page.Total, end+1)
	p.remember(key, mark[P]{end, source.After(page.Records[limit-1])})
	return page, nil
}

// begin is the nearest place at or before an offset, and the length of the list. The first
// page always counts anew.
func (p *Pages[T, P]) begin(ctx context.Context, key string, source Source[T, P], offset int) (mark[P], int, error) {
	if offset > 0 {
		if from, total, known := p.known(key, offset); known {
			return from, total, nil
		}
	}
	total, err := source.Count(ctx)
	if err != nil {
		return mark[P]{}, 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if l, known := p.fresh(key); known {
		l.total = total
	} else {
		p.lists.Add(key, &list[P]{total: total, used: p.now()})
	}
	return mark[P]{}, total, nil
}

func (p *Pages[T, P]) known(key string, offset int) (from mark[P], total int, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, known := p.fresh(key)
	if !known {
		return from, 0, false
	}
	i, exact := l.find(offset)
	switch {
	case exact:
		from = l.marks[i]
	case i > 0:
		from = l.marks[i-1]
	}
	return from, l.total, true
}

// fresh is a list that is still remembered.
func (p *Pages[T, P]) fresh(key string) (*list[P], bool) {
	l, known := p.lists.Get(key)
	now := p.now()
	if !known || now.Sub(l.used) > remembered {
		return nil, false
	}
	l.used = now
	return l, true
}

func (l *list[P]) find(offset int) (int, bool) {
	return slices.BinarySearchFunc(l.marks, offset, func(m mark[P], offset int) int { return cmp.Compare(m.offset, offset) })
}

// remember keeps where a page ended, in place of what was known of that offset before.
func (p *Pages[T, P]) remember(key string, m mark[P]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, known := p.fresh(key)
	if !known {
		return
	}
	i, exact := l.find(m.offset)
	if exact {
		l.marks[i] = m
		return
	}
	l.marks = slices.Insert(l.marks, i, m)
	if len(l.marks) > marksAList {
		kept := l.marks[:0]
		for n, m := range l.marks {
			if n%2 == 1 { // the newest stays
				kept = append(kept, m)
			}
		}
		l.marks = kept
	}
}
