package operator_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/store/storetest"
)

func TestTheFirstStartMarksTheKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if held, err := operator.HoldsSealed(t.Context(), b.store); err != nil || held {
		t.Errorf("an empty database holds sealed data: %v, %v", held, err)
	}
	for range 2 {
		if err := b.EnsureKey(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if held, err := operator.HoldsSealed(t.Context(), b.store); err != nil || !held {
		t.Errorf("the mark is not seen: %v, %v", held, err)
	}
	other, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	err = deskOn(b.store, other).EnsureKey(t.Context())
	var wrong *operator.WrongKeyError
	if !errors.As(err, &wrong) || !errors.Is(err, seal.ErrWrongKey) || wrong.Given != other.ID() || wrong.Recorded != b.Ring.ID() {
		t.Errorf("another key: %v", err)
	}
	if err != nil && (!strings.Contains(err.Error(), other.ID()) || !strings.Contains(err.Error(), b.Ring.ID())) {
		t.Errorf("the error names not both keys: %v", err)
	}
}

// late is a store whose first look at the mark is older than another process's.
type late struct {
	operator.Store
	meanwhile func()
}

func (l *late) Meta(ctx context.Context, key string) ([]byte, error) {
	if l.meanwhile == nil {
		return l.Store.Meta(ctx, key)
	}
	value, err := l.Store.Meta(ctx, key)
	l.meanwhile()
	l.meanwhile = nil
	return value, err
}

func TestOfTwoFirstStartsOneKeyCounts(t *testing.T) {
	t.Parallel()
	first, second := setup(t), setup(t)
	second.Store = &late{Store: first.store, meanwhile: func() {
		if err := first.EnsureKey(t.Context()); err != nil {
			t.Error(err)
		}
	}}
	if err := second.EnsureKey(t.Context()); !errors.Is(err, seal.ErrWrongKey) {
		t.Errorf("a second key was accepted: %v", err)
	}
	if err := first.EnsureKey(t.Context()); err != nil {
		t.Errorf("the key that came first: %v", err)
	}
}

func TestDataOfAnotherKeyIsNotMarked(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	one, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	other, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	deskOn(s, one).application(t, "sealed with one")
	if err := deskOn(s, other).EnsureKey(t.Context()); !errors.Is(err, seal.ErrWrongKey) {
		t.Fatalf("another key took over: %v", err)
	}
	if held, err := operator.HoldsSealed(t.Context(), s); err != nil || !held {
		t.Errorf("sealed data is not seen: %v, %v", held, err)
	}
	if err := deskOn(s, one).EnsureKey(t.Context()); err != nil {
		t.Errorf("the right key: %v", err)
	}
}

func TestKeyCheckOpensEverything(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.connect(t, b.registration(t, b.application(t, "CRM")), "ada", 7)
	last := 0
	report, err := b.KeyCheck(t.Context(), func(done int) { last = done })
	if err != nil || report.Checked != 3 || last != 3 || len(report.Failed) != 0 {
		t.Errorf("%+v, progress %d, %v; want 3 values: application secret, registration, credential", report, last, err)
	}
	other, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	report, err = deskOn(b.store, other).KeyCheck(t.Context(), nil)
	if err != nil || len(report.Failed) != 3 || !strings.HasPrefix(report.Failed[0], "application.secret ") {
		t.Errorf("%+v, %v", report, err)
	}
}
