package floors_test

import (
	"strings"
	"testing"
)

// The table is only worth something if it can say no.
func TestViolations(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		from, to string
		want     string // part of the sentence; empty: allowed
	}{
		{"internal/account", "internal/scope", ""},
		{"internal/account", "internal/store", "internal/account (words) imports internal/store (store)"},
		{"internal/provider", "internal/scope", ""},
		{"internal/provider", "internal/fault", "(provider) imports internal/fault (fault)"},
		{"internal/provider/google", "internal/provider", ""},
		{"internal/provider/google", "internal/outbound", ""},
		{"internal/provider/google", "internal/credential", "(driver) imports internal/credential (credential)"},
		{"internal/provider/google", "internal/provider/office365", "(driver) imports internal/provider/office365 (driver)"},
		{"internal/provider/google/oauth", "internal/provider/google", ""},
		{"internal/provider/google", "internal/provider/google/oauth", ""},
		{"internal/provider/google", "internal/provider/oauth", ""},
		{"internal/provider/oauth", "internal/provider/google", "(oauth) imports internal/provider/google (driver)"},
		{"internal/provider/all", "internal/provider/google", ""},
		{"internal/store/sqlite", "internal/store", ""},
		{"internal/store/sqlite", "internal/store/storetest", "imports internal/store/storetest (test support)"},
		{"internal/outbound", "internal/seal", "(outbound) imports internal/seal (seal)"},
		{"internal/connect", "internal/credential", ""},
		{"internal/connect", "internal/provider/google", "(connect) imports internal/provider/google (driver)"},
		{"internal/credential", "internal/connect", "(credential) imports internal/connect (connect)"},
		{"internal/api", "internal/connect", ""},
		{"internal/api", "internal/store", "(api) imports internal/store (store)"},
		{"internal/app", "internal/provider/all", ""},
		{"internal/app", "internal/sandbox", "(app) imports internal/sandbox (sandbox)"},
		{"internal/demo", "internal/sandbox", ""},
		{"internal/sandbox", "internal/sandbox/google", ""},
		{"internal/sandbox/google", "internal/sandbox/gate", ""},
		{"internal/sandbox", "internal/account", "(sandbox) imports internal/account (words)"},
		{"cmd/avain", "internal/app", ""},
		{"cmd/avain", "internal/operator", ""},
		{"internal/operator", "internal/connect", ""},
		{"internal/operator", "internal/direct", "(operator) imports internal/direct (direct)"},
		{"internal/docgen", "internal/fault", ""},
		{"internal/docgen", "internal/app", "(docgen) imports internal/app (app)"},
		{"cmd/avain", "internal/store", "(door) imports internal/store (store)"},
		{"cmd/elsewhere", "internal/sandbox", "only the demo, the journeys and tests may"},
		{"bench", "internal/sandbox", ""},
		{"internal/attic", "internal/account", "give it a floor"},
	} {
		t.Run(test.from+" "+test.to, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(violations(pkg{module + "/" + test.from, []string{"net/http", module + "/" + test.to}}), "\n")
			if !strings.Contains(got, test.want) || (test.want == "") != (got == "") {
				t.Errorf("got %q, want one with %q", got, test.want)
			}
		})
	}
}
