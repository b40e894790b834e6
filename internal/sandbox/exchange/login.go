package exchange

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/avain-project/avain/internal/sandbox/exchange/ntlm"
	"github.com/avain-project/avain/internal/sandbox/gate"
)

// connection is what NTLM remembers: the challenge that was sent on it, then who it is.
type connection struct {
	binding []byte // what Extended Protection wants; nil without TLS

	mu        sync.Mutex
	challenge *ntlm.Challenge
	who       *who
}

type connectionKey struct{}

func withConnection(ctx context.Context, c *connection) context.Context {
	return context.WithValue(ctx, connectionKey{}, c)
}

func connectionOf(r *http.Request) *connection {
	c, ok := r.Context().Value(connectionKey{}).(*connection)
	if !ok {
		return &connection{} // served by a handler alone: nothing lasts longer than a request
	}
	return c
}

// guarded lets calls through whose sender is known. It counts all that arrive, and those
// that come through.
func (s *Server) guarded(front, behind gate.Endpoint, fail func(http.ResponseWriter, gate.Fault), next func(http.ResponseWriter, *http.Request, who, gate.Fault)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.gate.Play(w, r, s.gate.Enter(Vendor, front), plain, func(w http.ResponseWriter, r *http.Request) {
			somebody, ok := s.login(w, r)
			if !ok {
				return
			}
			fault := s.gate.Enter(Vendor, behind)
			s.gate.Play(w, r, fault, fail, func(w http.ResponseWriter, r *http.Request) { next(w, r, somebody, fault) })
		})
	}
}

// plain is how the web server in front words an error.
func plain(w http.ResponseWriter, f gate.Fault) { http.Error(w, http.StatusText(f.Status), f.Status) }

// login says who a request is from; when it says false it has answered.
func (s *Server) login(w http.ResponseWriter, r *http.Request) (who, bool) {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	settings, c := s.set(), connectionOf(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	offered := func(mechanism string) bool {
		return strings.EqualFold(scheme, mechanism) && slices.Contains(settings.Offers, mechanism)
	}
	switch {
	case scheme == "" && c.who != nil:
		return *c.who, true
	case offered(Basic):
		user, password, ok := r.BasicAuth()
		if ok {
			return s.admit(w, r, "", user, func(right string) bool {
				return subtle.ConstantTimeCompare([]byte(password), []byte(right)) == 1
			})
		}
	case offered(NTLM), offered(Negotiate):
		c.who = nil
		if token, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value)); err == nil {
			return s.handshake(w, r, c, token)
		}
	}
	s.demand(w)
	return who{}, false
}

// demand asks who it is, in every way that is offered.
func (s *Server) demand(w http.ResponseWriter) {
	for _, mechanism := range s.set().Offers {
		if mechanism == Basic {
			mechanism = `Basic realm="` + Host + `"`
		}
		w.Header().Add("WWW-Authenticate", mechanism)
	}
	http.Error(w, "You do not have permission to view this directory or page.", http.StatusUnauthorized)
}

// handshake goes one step of NTLM. The token's first bytes say whether SPNEGO is around
// it; a server takes both under Negotiate.
func (s *Server) handshake(w http.ResponseWriter, r *http.Request, c *connection, token []byte) (who, bool) {
	scheme, message, wrapped := NTLM, token, false
	if name, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(name, Negotiate) {
		scheme = Negotiate
		if wrapped = ntlm.Kind(token) == 0; wrapped {
			var err error
			if message, err = ntlm.Unwrap(token); err != nil {
				s.demand(w)
				return who{}, false
			}
		}
	}
	say := func(message []byte, done bool) {
		if wrapped {
			message, _ = ntlm.Wrap(message, done) // made of constants and bytes: it cannot fail
		}
		w.Header().Set("WWW-Authenticate", scheme+" "+base64.StdEncoding.EncodeToString(message))
	}
	switch kind := ntlm.Kind(message); {
	case wrapped && len(message) == 0:
		say(nil, false)
		w.WriteHeader(http.StatusUnauthorized)
		return who{}, false
	case kind == ntlm.Negotiate:
		challenge, err := s.challenge.Challenge(message)
		if err != nil {
			break
		}
		c.challenge = challenge
		say(challenge.Message(), false)
		w.WriteHeader(http.StatusUnauthorized)
		return who{}, false
	case kind == ntlm.Authenticate && c.challenge != nil:
		somebody, ok := s.answered(w, r, c, message)
		if ok && wrapped {
			say(nil, true)
		}
		return somebody, ok
	}
	s.demand(w)
	return who{}, false
}

// answered looks at the answer to the connection's challenge, which is used up by it.
func (s *Server) answered(w http.ResponseWriter, r *http.Request, c *connection, message []byte) (who, bool) {
	challenge := c.challenge
	c.challenge = nil
	claim, err := ntlm.Read(message)
	if err != nil {
		s.demand(w)
		return who{}, false
	}
	var binding []byte
	if s.set().ChannelBinding {
		binding = append([]byte{}, c.binding...) // not nil: without TLS nothing is bound
	}
	somebody, ok := s.admit(w, r, claim.Domain, claim.User, func(right string) bool {
		return challenge.Verify(claim, right, binding) == nil
	})
	if ok {
		c.who = &somebody
	}
	return somebody, ok
}

// admit counts the attempt and lets somebody in whose password is right and whose
// account is good.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, domain, user string, right func(password string) bool) (somebody who, ok bool) {
	s.gate.Play(w, r, s.gate.Enter(Vendor, gate.EWSLogin), plain, func(w http.ResponseWriter, _ *http.Request) {
		var local string
		if somebody, local, ok = find(domain, user); !ok || !s.unlocked(local, right(Password(somebody.Key))) ||
			somebody.tag == tagLocked || somebody.tag == tagExpired {
			ok = false
			s.demand(w)
			return
		}
		if somebody.tag == tagDisabled {
			ok = false
			http.Error(w, "The web services are switched off for this mailbox.", http.StatusForbidden)
		}
	})
	return somebody, ok
}

// unlocked counts wrong passwords and says whether the account may come in. Once it is
// locked, the right password does not help, as in a directory.
func (s *Server) unlocked(local string, right bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wrong[local] >= s.settings.LockAfter {
		return false
	}
	if right {
		s.wrong[local] = 0
		return true
	}
	s.wrong[local]++
	return false
}

// Wrong is how many wrong passwords an account has had in a row, by the name before the
// @ ("ada+busy").
func (s *Server) Wrong(local string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wrong[local]
}
