package providertest

import (
	"net/http"
	"testing"

	"github.com/avain-project/avain/internal/provider"
)

// testDirect goes where the pass-through would, with what it would send.
func testDirect(t *testing.T, s Subject) {
	if s.DirectPath == "" {
		t.Fatal("the subject names no path of the API (Subject.DirectPath)")
	}
	held, _ := s.signIn(t)
	before := s.Calls()
	if status := s.get(t, held); status != http.StatusOK || s.Calls() == before {
		t.Errorf("a granted path answers %d after %d calls", status, s.Calls()-before)
	}
	s.Expire()
	if status := s.get(t, held); status != http.StatusUnauthorized {
		t.Errorf("with an access token that has ended: %d", status)
	}
}

// get is the status of a call through the pass-through's table.
func (s Subject) get(t *testing.T, held provider.Tokens) int {
	t.Helper()
	base, err := s.Provider.Info().Direct.Endpoint(s.Registration, held.Place, s.DirectPath)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base.String()+s.DirectPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, ok := s.Provider.(provider.Authorizer); ok {
		a.Authorize(req, held)
	} else {
		req.Header.Set("Authorization", "Bearer "+held.Access.Reveal())
	}
	client := &http.Client{}
	if c, ok := s.Provider.(provider.Carrier); ok {
		client.Transport = c.Carry()
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}
