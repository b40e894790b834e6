package office365

import "testing"

// A line behind one that takes every number of its code would never be reached.
func TestEveryLineOfTheTableIsReached(t *testing.T) {
	t.Parallel()
	whole := map[string]bool{}
	seen := map[string]bool{}
	for _, line := range troubles() {
		if whole[line.Code] {
			t.Errorf("%s %s stands behind the line for all of %s", line.Code, line.Subtype, line.Code)
		}
		if key := line.Code + line.Subtype; seen[key] {
			t.Errorf("%s %s stands twice", line.Code, line.Subtype)
		} else {
			seen[key] = true
		}
		whole[line.Code] = line.Subtype == ""
	}
}
