package connect

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/imap"
)

// mute is a Finder whose servers never answer.
type mute struct{ *imap.Provider }

func (mute) Find(ctx context.Context, _ account.Registration, _ provider.Form) (provider.Way, error) {
	<-ctx.Done()
	return provider.Way{}, ctx.Err()
}

func TestASearchThatNeverEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := &visited{finder: mute{}}
		began := time.Now()
		_, err := v.search(t.Context(), provider.Form{})
		if took := time.Since(began); took != provider.FindTimeout {
			t.Errorf("it took %v", took)
		}
		if !fault.Is(err, fault.ServerUnknown) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it ends with %v", err)
		}
	})
}

// A large host's servers, which the driver would fill in by itself, are no more than
// what was found: the page names those that get the password.
func TestOnlyWhatWasFoundIsFilledIn(t *testing.T) {
	t.Parallel()
	v := &visited{former: imap.New(outbound.NewTyped(outbound.TypedConfig{})), found: &found{
		First: "ada@icloud.com", Values: map[string]string{"imapHost": "imap.found.test", "username": "ada", "password": "never"},
	}}
	v.info = v.former.Info()
	got := map[string]string{}
	fields := v.filledIn()
	for _, f := range fields {
		got[f.Name] = f.Value
	}
	want := map[string]string{
		"email": "ada@icloud.com", "password": "", "username": "ada", "imapHost": "imap.found.test", "imapPort": "", "imapSecurity": "",
		"smtpHost": "", "smtpPort": "", "smtpSecurity": "",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"imap.found.test"}, servers(fields)); d != "" || !v.found.as(fields) {
		t.Errorf("servers: %s, as found: %t", d, v.found.as(fields))
	}
	fields[len(fields)-3].Value = "imap.found.test"
	if len(servers(fields)) != 1 || v.found.as(fields) {
		t.Errorf("with another server: %v, as found: %t", servers(fields), v.found.as(fields))
	}
}
