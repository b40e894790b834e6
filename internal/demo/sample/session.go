package sample

import (
	"crypto/rand"
	"net/http"
	"slices"
	"sync"
	"time"
)

// cookieName names the cookie that holds the session's id.
const cookieName = "sample_session"

// Bounds of what is kept in memory.
const (
	maxSessions  = 1000
	maxPending   = 8                // connections begun in one browser, one a tab
	pendingLife  = 15 * time.Minute // as long as Avain waits
	maxCallsKept = 30
)

// session is what the application remembers of one browser.
type session struct {
	pending   []pending
	connected *connection
	notice    string // told once, on the next page
	calls     []call // of the last action, for "What just happened"
}

// pending is a connection that was begun and has not come back.
type pending struct {
	state     string
	flow      string // "code" or "token"
	authorize string // the address at Avain that the browser was sent to
	again     string // our own address that begins the same once more
	service   string
	scopes    []string
	began     time.Time
}

// connection is an account that came back by code.
type connection struct {
	AccountID   int64    `json:"accountId"`
	AccessToken string   `json:"accessToken"`
	service     string   // what to ask for when connecting again
	again       []string // and with which scopes
}

// sessions are all browsers'. It is safe for concurrent use: sessions are read
// and changed only inside use.
type sessions struct {
	now    func() time.Time
	secure bool // the cookie's Secure attribute

	mu   sync.Mutex
	byID map[string]*session
	ids  []string // oldest first
}

func newSessions(now func() time.Time, secure bool) *sessions {
	return &sessions{now: now, secure: secure, byID: map[string]*session{}}
}

// use calls f with the request's session; false means that there is none.
func (s *sessions) use(r *http.Request, f func(*session)) bool {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byID[cookie.Value]
	if found == nil {
		return false
	}
	f(found)
	return true
}

// begin is use, except that a browser without a session gets one.
func (s *sessions) begin(w http.ResponseWriter, r *http.Request, f func(*session)) {
	if s.use(r, f) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := &session{}
	f(fresh)
	s.add(w, fresh)
}

// renew gives the session a new id before an account goes into it: an id that
// somebody planted in the browser beforehand is then worth nothing.
func (s *sessions) renew(w http.ResponseWriter, r *http.Request, f func(*session)) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byID[cookie.Value]
	if found == nil {
		return
	}
	delete(s.byID, cookie.Value)
	s.ids = slices.DeleteFunc(s.ids, func(id string) bool { return id == cookie.Value })
	f(found)
	s.add(w, found)
}

// add stores the session and sets its cookie. The oldest makes room.
func (s *sessions) add(w http.ResponseWriter, fresh *session) {
	if len(s.ids) >= maxSessions {
		delete(s.byID, s.ids[0])
		s.ids = s.ids[1:]
	}
	id := rand.Text()
	s.byID[id] = fresh
	s.ids = append(s.ids, id)
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: id, Path: "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	})
}

// expect remembers a connection that begins now.
func (s *session) expect(p pending) {
	s.forget(p.began)
	s.pending = append(s.pending, p)
	if len(s.pending) > maxPending {
		s.pending = s.pending[1:]
	}
}

// take finds and removes the connection with that state. A state works once.
func (s *session) take(state string, now time.Time) (pending, bool) {
	s.forget(now)
	i := slices.IndexFunc(s.pending, func(p pending) bool { return p.flow == "code" && p.state == state })
	if i < 0 {
		return pending{}, false
	}
	found := s.pending[i]
	s.pending = slices.Delete(s.pending, i, i+1)
	return found, true
}

func (s *session) forget(now time.Time) {
	s.pending = slices.DeleteFunc(s.pending, func(p pending) bool { return now.Sub(p.began) > pendingLife })
}

// keep replaces what is told of the last action.
func (s *session) keep(calls []call) {
	s.calls = calls[max(0, len(calls)-maxCallsKept):]
}
