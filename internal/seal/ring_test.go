package seal_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
)

func newRing(t *testing.T) *seal.Ring {
	t.Helper()
	r, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealedValueOpensOnlyWhereItBelongs(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	key, wrapped, err := ring.NewDataKey("rec1")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := key.Seal([]byte("refresh token"), "credential.tokens", "rec1")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("refresh")) {
		t.Fatal("the sealed value shows its plain text")
	}

	again, err := ring.OpenDataKey(wrapped, "rec1")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Open(sealed, "credential.tokens", "rec1"); err != nil || string(plain) != "refresh token" {
		t.Fatalf("Open = %q, %v", plain, err)
	}
	for name, open := range map[string]func() error{
		"another record":          func() error { _, err := again.Open(sealed, "credential.tokens", "rec2"); return err },
		"another label":           func() error { _, err := again.Open(sealed, "attempt.verifier", "rec1"); return err },
		"an altered value":        func() error { _, err := again.Open(flip(sealed), "credential.tokens", "rec1"); return err },
		"a moved data key":        func() error { _, err := ring.OpenDataKey(wrapped, "rec2"); return err },
		"an altered data key":     func() error { _, err := ring.OpenDataKey(flip(wrapped), "rec1"); return err },
		"a data key of elsewhere": func() error { _, err := newRing(t).OpenDataKey(wrapped, "rec1"); return err },
		"nothing at all":          func() error { _, err := ring.OpenDataKey(nil, "rec1"); return err },
	} {
		if err := open(); !errors.Is(err, seal.ErrWrongKey) {
			t.Errorf("%s: %v, want ErrWrongKey", name, err)
		}
	}
}

func flip(b []byte) []byte {
	out := bytes.Clone(b)
	out[len(out)-1] ^= 1
	return out
}

func TestRingSurvivesItsWrittenForm(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	text, err := ring.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(text.Reveal(), " \n\"") {
		t.Error("the written form must be one word")
	}
	_, wrapped, err := ring.NewDataKey("rec")
	if err != nil {
		t.Fatal(err)
	}
	again, err := seal.ParseRing(secret.New(text.Reveal() + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if again.ID() != ring.ID() {
		t.Errorf("ID %s became %s", ring.ID(), again.ID())
	}
	if _, err := again.OpenDataKey(wrapped, "rec"); err != nil {
		t.Error(err)
	}
}

func TestParseRingRefusesWhatIsNoKey(t *testing.T) {
	t.Parallel()
	text, err := newRing(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "hunter2", "avain-key-v1.", "avain-key-v1.!!!", text.Reveal()[:len(text.Reveal())/2]} {
		ring, err := seal.ParseRing(secret.New(bad))
		if err == nil {
			t.Errorf("ParseRing(%q) gave a ring %s", bad, ring.ID())
			continue
		}
		if bad == "hunter2" && strings.Contains(err.Error(), bad) {
			t.Errorf("the error quotes the key: %v", err)
		}
	}
}
