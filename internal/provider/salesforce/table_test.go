package salesforce

import (
	"testing"

	"github.com/avain-project/avain/internal/provider"
)

// A line behind one that takes every text of its code would never be reached.
func TestEveryLineOfTheTableIsReached(t *testing.T) {
	t.Parallel()
	whole := map[string]bool{}
	seen := map[string]bool{}
	for _, line := range troubles() {
		if whole[line.Code] {
			t.Errorf("%s %q stands behind the line for all of %s", line.Code, line.Subtype, line.Code)
		}
		if key := line.Code + line.Subtype; seen[key] {
			t.Errorf("%s %q stands twice", line.Code, line.Subtype)
		} else {
			seen[key] = true
		}
		whole[line.Code] = whole[line.Code] || line.Subtype == ""
		if len(line.Steps) > 0 && line.Class != provider.Admin {
			t.Errorf("%s %q has steps for nobody", line.Code, line.Subtype)
		}
	}
}
