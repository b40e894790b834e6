package connect

import (
	"errors"
	"net/url"
	"testing"

	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/store"
)

// The registration could not be opened: what is held under its key cannot be kept for a
// choice, and the application hears of it.
func TestAHeldSignInWithoutARegistration(t *testing.T) {
	t.Parallel()
	attempt := store.Attempt{ReturnURL: "https://app.example/back", Held: []byte("sealed")}
	at := &url.URL{Scheme: "https", Host: "avain.example"}
	out := New(Config{}).failed(t.Context(), run{attempt: attempt, at: at}, errors.New("the data key cannot be opened"))
	if back, err := url.Parse(out.Location); err != nil || back.Host != "app.example" || back.Query().Get("error") != string(fault.Internal) {
		t.Errorf("it leads to %q", out.Location)
	}
}
