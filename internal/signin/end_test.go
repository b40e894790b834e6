package signin_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/signin"
)

// The script says one thing to the origins of the page and runs by its hash alone.
func TestTheEndTellsItsOriginsAndNothingElse(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	evil := `https://evil.example"><script>alert(1)</script>`
	pages(t).End(w, signin.Look{ApplicationName: "Clinic & Co", Languages: "de"}, signin.EndPage{Origins: []string{"https://c.example", evil}})
	has(t, w, "Sie können dieses Fenster schließen und in Clinic &amp; Co weitermachen.", `data-origins="https://c.example https://evil.example&#34;`)
	scripts := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindAllStringSubmatch(w.Body.String(), -1)
	if len(scripts) != 1 {
		t.Fatalf("%d scripts", len(scripts))
	}
	sum := sha256.Sum256([]byte(scripts[0][1]))
	want := "script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, want) {
		t.Errorf("the policy %q does not admit the script by %s", policy, want)
	}
}
