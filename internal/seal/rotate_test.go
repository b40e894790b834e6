package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
)

// then applies one change to a ring.
func then(t *testing.T, change func() (*seal.Ring, error)) *seal.Ring {
	t.Helper()
	r, err := change()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func encoded(t *testing.T, r *seal.Ring) secret.Text {
	t.Helper()
	text, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAKeysWayThroughARing(t *testing.T) {
	t.Parallel()
	first := newRing(t)
	added := then(t, first.WithNewKey)
	promoted := then(t, added.Promoted)
	alone := then(t, promoted.WithoutOlder)
	one, two := first.ID(), added.Newest()
	for _, step := range []struct {
		ring *seal.Ring
		want []seal.Key
	}{
		{first, []seal.Key{{ID: one, State: seal.Primary}}}, // what it was changed to left it alone
		{added, []seal.Key{{ID: one, State: seal.Primary}, {ID: two, State: seal.Waiting}}},
		{promoted, []seal.Key{{ID: one, State: seal.Older}, {ID: two, State: seal.Primary}}},
		{alone, []seal.Key{{ID: two, State: seal.Primary}}},
		{then(t, added.WithoutOlder), []seal.Key{{ID: one, State: seal.Primary}, {ID: two, State: seal.Waiting}}},
		{then(t, first.Promoted), []seal.Key{{ID: one, State: seal.Primary}}},
	} {
		again, err := seal.ParseRing(encoded(t, step.ring))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(step.want, again.Keys()); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	}
}

func TestRewrappingTouchesTheWrappingAlone(t *testing.T) {
	t.Parallel()
	old := newRing(t)
	key, wrapped, err := old.NewDataKey("rec")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := key.Seal([]byte("refresh token"), "label", "rec")
	if err != nil {
		t.Fatal(err)
	}
	both := then(t, then(t, old.WithNewKey).Promoted)
	anew, err := both.Rewrap(wrapped, "rec")
	if err != nil {
		t.Fatal(err)
	}
	if by := [2]string{seal.WrappedBy(wrapped), seal.WrappedBy(anew)}; by != [2]string{old.ID(), both.ID()} {
		t.Errorf("wrapped by %v", by)
	}
	alone := then(t, both.WithoutOlder)
	again, err := alone.OpenDataKey(anew, "rec")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Open(sealed, "label", "rec"); err != nil || string(plain) != "refresh token" {
		t.Errorf("Open = %q, %v", plain, err)
	}
	if _, err := alone.OpenDataKey(wrapped, "rec"); !errors.Is(err, seal.ErrWrongKey) || !bytes.Contains([]byte(err.Error()), []byte(old.ID())) {
		t.Errorf("a key that was dropped: %v", err)
	}
	for _, bad := range [][]byte{nil, []byte("x"), {0x12, 1, 1}, flip(wrapped)} {
		if _, err := both.Rewrap(bad, "rec"); !errors.Is(err, seal.ErrWrongKey) {
			t.Errorf("Rewrap(%x) = %v", bad, err)
		}
	}
	if by := seal.WrappedBy([]byte("x")); by != "" {
		t.Errorf("nothing was wrapped by %s", by)
	}
}

// A ring that lacks a key reads its file anew before it fails, and takes over only what
// is accepted.
func TestAnUnknownKeyIsLookedFor(t *testing.T) {
	t.Parallel()
	old := newRing(t)
	both := then(t, then(t, old.WithNewKey).Promoted)
	_, wrapped, err := both.NewDataKey("rec")
	if err != nil {
		t.Fatal(err)
	}
	file, reads := secret.New("avain-key-v1.half-writ"), 0
	server, err := seal.ParseRing(encoded(t, old))
	if err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	server.ReadFrom(func() (secret.Text, error) { reads++; return file, nil }, func(next *seal.Ring) error {
		if next.ID() != both.ID() {
			return refused
		}
		return nil
	})
	for _, content := range []secret.Text{file, encoded(t, old), encoded(t, newRing(t))} {
		file = content
		if _, err := server.OpenDataKey(wrapped, "rec"); !errors.Is(err, seal.ErrWrongKey) || server.ID() != old.ID() {
			t.Errorf("%v, and the ring has %v", err, server.IDs())
		}
	}
	file = encoded(t, both)
	if _, err := server.OpenDataKey(wrapped, "rec"); err != nil || server.ID() != both.ID() || reads != 4 {
		t.Errorf("%v after %d reads, the ring has %v", err, reads, server.IDs())
	}
	if _, err := server.OpenDataKey(flip(wrapped), "rec"); !errors.Is(err, seal.ErrWrongKey) || reads != 4 {
		t.Errorf("an altered value: %v after %d reads", err, reads)
	}
}

func TestReadingAnewAsksFirst(t *testing.T) {
	t.Parallel()
	old := newRing(t)
	both := then(t, old.WithNewKey)
	refused, broken := errors.New("refused"), errors.New("broken")
	var given secret.Text
	var reading error
	var accepting error
	old.ReadFrom(func() (secret.Text, error) { return given, reading }, func(*seal.Ring) error { return accepting })
	for _, step := range []struct {
		text   secret.Text
		reads  error
		accept error
		want   error
	}{
		{text: encoded(t, old), accept: refused}, // the same: nothing to ask about
		{reads: broken, want: broken},
		{text: encoded(t, both), accept: refused, want: refused},
	} {
		given, reading, accepting = step.text, step.reads, step.accept
		changed, err := old.ReadAnew()
		if changed || !errors.Is(err, step.want) || len(old.Keys()) != 1 {
			t.Errorf("%+v: %v, %v", step, changed, err)
		}
	}
	accepting = nil
	if changed, err := old.ReadAnew(); !changed || err != nil || len(old.Keys()) != 2 {
		t.Errorf("%v, %v, %v", changed, err, old.IDs())
	}
	if changed, err := both.ReadAnew(); changed || err != nil {
		t.Errorf("a ring that is kept nowhere: %v, %v", changed, err)
	}
}

// A file that was changed a moment ago counts for the next data key.
func TestNewDataKeysAreWrappedByWhatTheFileSays(t *testing.T) {
	t.Parallel()
	old := newRing(t)
	both := then(t, then(t, old.WithNewKey).Promoted)
	old.ReadFrom(func() (secret.Text, error) { return encoded(t, both), nil }, func(*seal.Ring) error { return nil })
	if _, wrapped, err := old.NewDataKey("rec"); err != nil || seal.WrappedBy(wrapped) != both.ID() {
		t.Errorf("wrapped by %s, %v", seal.WrappedBy(wrapped), err)
	}
}
