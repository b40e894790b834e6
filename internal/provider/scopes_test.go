package provider_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/provider"
)

func TestMissingIsWhatAPersonLeftOut(t *testing.T) {
	t.Parallel()
	m := provider.ScopeMap{Always: []string{"openid", "email"}, Canonical: map[string]string{"email": "https://x.example/email", "cal": "calendar"}}
	asked := []string{"openid", "email", "mail", "cal", "offline_access"}
	for want, granted := range map[string][]string{
		"":         {"mail", "calendar"},
		"mail":     {"calendar", "offline_access"},
		"calendar": {"mail", "openid"},
	} {
		got := ""
		for _, s := range m.Missing(asked, granted) {
			got += s
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("granted %v (-want +got):\n%s", granted, d)
		}
	}
}
