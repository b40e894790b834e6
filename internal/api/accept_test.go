package api

import (
	"net/http/httptest"
	"testing"
)

func TestAcceptsHTMLReadsTheWeight(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"text/html": true, "text/html;q=1": true, "text/html;q=0.5": true, "application/json, TEXT/HTML;q=0.001": true,
		"text/html;q=0": false, "text/html;q=0.0": false, "text/html; q=0.000": false,
		"*/*": false, "": false, "application/xhtml+xml": false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", accept)
		if got := acceptsHTML(r); got != want {
			t.Errorf("Accept %q: %t", accept, got)
		}
	}
}
