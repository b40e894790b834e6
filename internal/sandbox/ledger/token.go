package ledger

import (
	"cmp"
	"slices"
	"time"
)

// Tokens is what the token endpoint gives.
type Tokens struct {
	Access  string
	Refresh string // empty when none is due
	Scopes  []string
	Life    time.Duration // of Access
	Persona Persona
}

// Access is what an access token stands for.
type Access struct {
	ClientID string
	Persona  Persona
	Scopes   []string
	Expires  time.Time
	NoMail   bool // of the newest consent
}

// Has says whether the token carries at least one of the scopes.
func (a Access) Has(anyOf ...string) bool {
	return slices.ContainsFunc(anyOf, func(s string) bool { return slices.Contains(a.Scopes, s) })
}

func (a Access) key() grantKey { return grantKey{client: a.ClientID, persona: a.Persona.grants()} }

type refresh struct {
	key     grantKey
	persona Persona
	scopes  []string
}

// Granted says what a code or a refresh token stands for, and whether it is alive.
func (l *Ledger) Granted(value string) (p Persona, scopes []string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r, ok := l.refresh.entries[value]; ok {
		return r.persona, slices.Clone(r.scopes), true
	}
	if c, ok := l.codes.entries[value]; ok {
		return c.persona, slices.Clone(c.scopes), true
	}
	return Persona{}, nil, false
}

// Refresh answers with a new access token. scopes narrows it; empty means all
// that the refresh token has. Refresh in the answer is set only when the token
// rotates, or the vendor renews it each time. Errors: [ErrUnknownToken], [ErrOtherClient], [ErrScopeNotGranted].
func (l *Ledger) Refresh(clientID, token string, scopes []string) (Tokens, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.refresh.entries[token]
	if !ok {
		if key, spent := l.spent.entries[token]; spent {
			l.endRefresh(key)
		}
		return Tokens{}, ErrUnknownToken
	}
	if r.key.client != clientID {
		return Tokens{}, ErrOtherClient
	}
	if len(scopes) == 0 {
		scopes = r.scopes
	}
	for _, s := range scopes {
		if !slices.Contains(r.scopes, s) {
			return Tokens{}, ErrScopeNotGranted
		}
	}
	t := l.issueAccess(r.key, r.persona, scopes)
	tags := l.grants[r.key].tags
	if tags.Rotate {
		delete(l.refresh.entries, token)
	}
	if tags.Once {
		l.spent.put(token, r.key)
	}
	if tags.Rotate || l.cfg.Renews {
		t.Refresh = l.issueRefresh(r)
	}
	if tags.Revoked {
		// The person takes the grant back; access tokens live on until they
		// expire, as providers that check them offline let them.
		l.endRefresh(r.key)
	}
	return t, nil
}

// Check says what an access token stands for. Error: [ErrUnknownToken].
func (l *Ledger) Check(access string) (Access, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, ok := l.access.entries[access]
	if !ok || !l.cfg.Now().Before(a.Expires) {
		return Access{}, ErrUnknownToken
	}
	if g := l.grants[a.key()]; g != nil {
		a.NoMail = g.tags.NoMail
	}
	return a, nil
}

// Revoke takes an access or refresh token and ends the whole grant of that
// person to that client. Error: [ErrUnknownToken].
func (l *Ledger) Revoke(token string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r, ok := l.refresh.entries[token]; ok {
		l.end(r.key)
		return nil
	}
	a, ok := l.access.entries[token]
	if !ok || !l.cfg.Now().Before(a.Expires) {
		return ErrUnknownToken
	}
	l.end(a.key())
	return nil
}

// EndRefresh ends the grant that a refresh token belongs to, and leaves its access
// tokens until they expire. Error: [ErrUnknownToken].
func (l *Ledger) EndRefresh(token string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.refresh.entries[token]
	if !ok {
		return ErrUnknownToken
	}
	l.endRefresh(r.key)
	return nil
}

// Expire makes every access token issued so far invalid and says how many there
// were. Refresh tokens live on.
func (l *Ledger) Expire() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.access.entries)
	l.access = newShelf[Access](maxAccess)
	return n
}

func (l *Ledger) issueAccess(key grantKey, p Persona, scopes []string) Tokens {
	token := l.mintOf(l.cfg.AccessPrefix, cmp.Or(l.cfg.AccessBytes, 32))
	scopes = slices.Clone(scopes)
	l.access.put(token, Access{
		ClientID: key.client, Persona: p, Scopes: scopes,
		Expires: l.cfg.Now().Add(l.cfg.AccessLife),
	})
	return Tokens{Access: token, Scopes: scopes, Life: l.cfg.AccessLife, Persona: p}
}

func (l *Ledger) issueRefresh(r refresh) string {
	token := l.mint(l.cfg.RefreshPrefix)
	l.refresh.put(token, r)
	l.refresh.dropOldest(maxRefreshPerGrant, func(o refresh) bool { return o.key == r.key })
	return token
}

// end forgets a grant with all its tokens.
func (l *Ledger) end(key grantKey) {
	l.endRefresh(key)
	l.access.deleteFunc(func(a Access) bool { return a.key() == key })
}

// endRefresh forgets a grant but leaves its access tokens. Its codes go as well,
// used ones too, and its spent refresh tokens: a late replay must not end the grant
// that comes next.
func (l *Ledger) endRefresh(key grantKey) {
	delete(l.grants, key)
	l.refresh.deleteFunc(func(r refresh) bool { return r.key == key })
	l.spent.deleteFunc(func(spent grantKey) bool { return spent == key })
	l.codes.deleteFunc(func(c *code) bool { return c.key == key })
}
