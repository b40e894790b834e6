package credential_test

import (
	"slices"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
)

// refusals plays a vendor that rotates, and then takes only some of the refresh tokens.
type refusals struct {
	takes []string
	as    provider.Error // how the others are refused
	asked []string
}

func (r *refusals) answer(n int, held provider.Tokens) (provider.Tokens, error) {
	token := held.Refresh.Reveal()
	r.asked = append(r.asked, token)
	if !slices.Contains(r.takes, token) {
		refusal := r.as
		return provider.Tokens{}, &refusal
	}
	return next(n), nil
}

// rotated is an account that has been renewed once: refresh-1, and refresh-0 before it.
func rotated(t *testing.T, honours bool) (*bench, *refusals) {
	t.Helper()
	b := setup(t)
	b.vendor.honoursReplaced = honours
	b.advance(2 * time.Hour)
	b.gets("access-1")
	b.advance(2 * time.Hour)
	r := &refusals{as: provider.Error{Class: provider.Dead, Code: "invalid_grant", Cause: "it was removed"}}
	b.vendor.plays(r.answer)
	return b, r
}

func TestTheTokenBeforeIsTriedOnce(t *testing.T) {
	t.Parallel()
	b, r := rotated(t, true)
	r.takes = []string{"refresh-0"}
	b.gets("access-3")
	if a := b.stored(); a.TokenStatus != account.TokenActive {
		t.Fatalf("the account is %s", a.TokenStatus)
	}
	// The refused one is not kept: what worked is.
	b.advance(2 * time.Hour)
	b.gets("access-5")
	if want := []string{"refresh-1", "refresh-0", "refresh-3", "refresh-0"}; !slices.Equal(r.asked, want) {
		t.Errorf("asked with %v, want %v", r.asked, want)
	}
}

func TestBothTokensRefusedIsTheEnd(t *testing.T) {
	t.Parallel()
	b, r := rotated(t, true)
	b.fails(fault.TokenDead)
	b.fails(fault.TokenDead)
	if want := []string{"refresh-1", "refresh-0"}; !slices.Equal(r.asked, want) {
		t.Errorf("asked with %v, want %v", r.asked, want)
	}
	if a := b.stored(); a.TokenStatus != account.TokenDead || a.TokenError != "it was removed" {
		t.Errorf("the account is %s: %q", a.TokenStatus, a.TokenError)
	}
}

// Others end the whole grant when a replaced token comes again.
func TestTheTokenBeforeIsNotShownToAProviderThatMinds(t *testing.T) {
	t.Parallel()
	b, r := rotated(t, false)
	r.takes = []string{"refresh-0"}
	b.fails(fault.TokenDead)
	if want := []string{"refresh-1"}; !slices.Equal(r.asked, want) {
		t.Errorf("asked with %v, want %v", r.asked, want)
	}
}

// Trouble on the second try proves nothing against the grant, and only a dead one is tried again.
func TestWhatPassesIsNoEnd(t *testing.T) {
	t.Parallel()
	b, r := rotated(t, true)
	b.vendor.plays(func(n int, held provider.Tokens) (provider.Tokens, error) {
		if held.Refresh.Reveal() == "refresh-0" {
			return provider.Tokens{}, &provider.Error{Class: provider.Later, Code: "http_503"}
		}
		return r.answer(n, held)
	})
	b.fails(fault.ProviderUnavailable)
	if a := b.stored(); a.TokenStatus != account.TokenActive {
		t.Errorf("the account is %s", a.TokenStatus)
	}
	b.vendor.plays(r.answer)
	r.as, r.asked = provider.Error{Class: provider.Later, Code: "http_503"}, nil
	b.fails(fault.ProviderUnavailable)
	if want := []string{"refresh-1"}; !slices.Equal(r.asked, want) {
		t.Errorf("asked with %v, want %v", r.asked, want)
	}
}

// An answer without a refresh token leaves the one that worked.
func TestWithoutANewOneTheTokenThatWorkedStays(t *testing.T) {
	t.Parallel()
	b, r := rotated(t, true)
	r.takes = []string{"refresh-0"}
	b.vendor.plays(func(n int, held provider.Tokens) (provider.Tokens, error) {
		answer, err := r.answer(n, held)
		answer.Refresh = provider.Tokens{}.Refresh
		return answer, err
	})
	b.gets("access-3")
	b.advance(2 * time.Hour)
	b.gets("access-4")
	r.takes = nil
	b.advance(2 * time.Hour)
	b.fails(fault.TokenDead)
	if want := []string{"refresh-1", "refresh-0", "refresh-0", "refresh-0"}; !slices.Equal(r.asked, want) {
		t.Errorf("asked with %v, want %v", r.asked, want)
	}
}

// The token for another resource comes of the same grant.
func TestAnotherResourceTriesTheTokenBefore(t *testing.T) {
	t.Parallel()
	b, r := rotated(t, true)
	r.takes = []string{"refresh-0"}
	b.accessTo(outlook, outlook+"#access-3")
	b.gets("access-5")
	if want := []string{"refresh-1", "refresh-0", "refresh-3", "refresh-0"}; !slices.Equal(r.asked, want) {
		t.Errorf("asked with %v, want %v", r.asked, want)
	}
}
