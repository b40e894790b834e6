package all_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/all"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/testenv"
)

// Whoever registers an application at a provider finds all of it on one page: what to
// type, the exact redirect URI and scopes, review and limits, the errors, and what
// nobody has checked.
func TestEveryDriverHasItsPage(t *testing.T) {
	t.Parallel()
	for service, driver := range all.Registry(outbound.New(outbound.Config{})) {
		if !slices.Contains(account.ServiceTypes(), service) {
			continue // one of a house's own, which has its own pages
		}
		name := strings.ToLower(string(service)) + ".md"
		content, err := os.ReadFile(filepath.Join(testenv.Root(t), "docs", "providers", name))
		if err != nil {
			t.Errorf("%s: %v", service, err)
			continue
		}
		page := string(content)
		wants := []string{"avain registration set", string(service), "avain doctor"}
		info := driver.Info()
		for _, unified := range scope.All() {
			if info.Scopes.Supports(unified) {
				wants = append(wants, "`"+string(unified)+"`")
			}
		}
		if _, redirects := driver.(provider.Redirector); redirects {
			wants = append(wants, "<your public URL>/v1/auth/callback")
			wants = append(wants, info.Scopes.Always...)
			for _, native := range info.Scopes.Native {
				wants = append(wants, native...)
			}
		}
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not name %s", name, want)
			}
		}
		// In any words, as long as there is a heading or a sentence for it.
		for _, about := range [][]string{
			{"review", "verification"}, {"limit", "how long"}, {"what an error means", "what errors mean"}, {"not against", "has been checked", "only been checked"},
		} {
			found := false
			for _, words := range about {
				found = found || strings.Contains(strings.ToLower(page), words)
			}
			if !found {
				t.Errorf("%s says nothing of %v", name, about)
			}
		}
	}
}
