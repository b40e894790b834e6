package providertest

import (
	"slices"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/provider"
)

// Promise is a part of the suite that a provider may have no use for. A driver keeps
// each of them, or its Subject says in Without why the provider has none: none is left
// out in silence.
type Promise string

// The promises. Those of the first block are kept by implementing a capability, and the
// suite looks for it; the others are kept by the answers.
const (
	Refreshes Promise = "renews access tokens"
	Revokes   Promise = "ends grants"
	Pings     Promise = "has a least call"
	Probes    Promise = "proves areas"
	Passes    Promise = "passes calls through"

	Rotates      Promise = "takes a new refresh token"
	Withholds    Promise = "tells a sign-in without a refresh token"
	Narrows      Promise = "tells a partial grant"
	ProbesNoMail Promise = "sees a mailbox that is off"
	NeedsAdmin   Promise = "tells that an administrator is needed"
)

const refusesAs = "refuses a form as "

// Refuses is the promise of a form to tell a failure of that class.
func Refuses(class provider.Class) Promise { return Promise(refusesAs + string(class)) }

// promises lists those that the driver of the subject can keep or not.
func (s Subject) promises() []Promise {
	list := []Promise{Refreshes, Revokes, Pings, Probes, Passes, Rotates, Withholds, Narrows, ProbesNoMail, NeedsAdmin}
	if _, asks := s.Provider.(provider.Former); asks {
		for _, class := range classes() {
			list = append(list, Refuses(class))
		}
	}
	return list
}

// testPromises: each promise is kept or has its reason, and a reason is of a promise.
func testPromises(t *testing.T, s Subject) {
	_, redirects := s.Provider.(provider.Redirector)
	list := s.promises()
	for _, p := range list {
		_, seen := s.able(p)
		if formOnly := !redirects && !strings.HasPrefix(string(p), refusesAs); s.kept(t, p) && formOnly && !seen {
			t.Errorf("a driver of forms alone is not asked to keep, and its subject gives no reason: %s", p)
		}
	}
	for p := range s.Without {
		if !slices.Contains(list, p) {
			t.Errorf("a reason for what nobody asks: %s", p)
		}
	}
}

// kept tells whether the driver keeps the promise. It ends the test where the driver and
// its Subject say two things, or nothing.
func (s Subject) kept(t *testing.T, p Promise) bool {
	t.Helper()
	why, without := s.Without[p]
	able, known := s.able(p)
	switch {
	case without && why == "":
		t.Fatalf("the driver gives no reason why it has not: %s", p)
	case known && able && without:
		t.Fatalf("the driver has what its subject says it has not: %s (%s)", p, why)
	case known && !able && !without:
		t.Fatalf("the driver has not, and its subject gives no reason (Subject.Without): %s", p)
	}
	return !without
}

// able tells whether the driver implements what the promise needs, where that can be seen.
func (s Subject) able(p Promise) (able, known bool) {
	switch p {
	case Refreshes:
		_, able = s.Provider.(provider.Refresher)
	case Revokes:
		_, able = s.Provider.(provider.Revoker)
	case Pings:
		_, able = s.Provider.(provider.Pinger)
	case Probes:
		_, able = s.Provider.(provider.Prober)
	case Passes:
		_, calls := s.Provider.(provider.Caller)
		able = calls || len(s.Provider.Info().Direct.Hosts) > 0
	default:
		return false, false
	}
	return able, true
}
