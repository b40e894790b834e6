package e2e_test

import "strings"

// atAlias is a journey of an application whose sign-ins run at a host of its own,
// 127.0.0.3, which is also the only one that the provider sends browsers to.
func atAlias(journey func(*visitor, *site)) func(*visitor, *site) {
	return func(v *visitor, s *site) {
		s.home = s.proxied("http", aliasHost, true).URL
		s.setAlias(s.home)
		s.register(s.home + "/v1/auth/callback")
		journey(v, s)
	}
}

// onceThere checks the way of one sign-in: from authorize at the public URL to the
// alias, back to the alias, and nowhere else of ours.
func (s *site) onceThere(v *visitor) {
	v.t.Helper()
	for prefix, want := range map[string]int{
		s.url + "/": 1, s.url + "/v1/auth/authorize": 1, s.home + "/v1/auth/authorize": 1, s.home + "/v1/auth/callback": 1,
	} {
		if got := v.addresses(prefix); len(got) != want {
			v.t.Errorf("the browser was at %q, want %d times at %s", got, want, prefix)
		}
	}
	if at := v.addresses(s.home + "/v1/auth/authorize"); len(at) == 1 && !strings.Contains(at[0], "state=app-state") {
		v.t.Errorf("the hop lost what was asked: %s", at[0])
	}
}

func allowedThere(v *visitor, s *site) {
	s.begin(v)
	v.consents("ada")
	s.connected(v, s.answered(v), "ada@sandbox.test")
	s.onceThere(v)
}

func deniedThere(v *visitor, s *site) {
	s.begin(v)
	v.clicks("#deny")
	s.failed(v, "access_denied")
	s.onceThere(v)
}

// walkThere: who goes back and consents once more meets a page of the alias.
func walkThere(v *visitor, s *site) {
	s.begin(v)
	v.sees("#allow")
	v.reload()
	v.consents("ada")
	s.connected(v, s.answered(v), "ada@sandbox.test")
	v.back()
	v.forgive(badRequest)
	v.consents("ada")
	v.errorPage("state.used")
	if !strings.HasPrefix(v.address(), s.home+"/v1/auth/callback?") {
		v.t.Errorf("the page is at %s", v.address())
	}
	v.reload()
	v.clicks("#back")
	if answer := s.answered(v); answer.Get("error") != "state.used" {
		v.t.Errorf("the application gets %v", answer)
	}
}
