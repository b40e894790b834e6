package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tokenLatency is how long the stand-in for a provider's token endpoint takes to answer.
const tokenLatency = 50 * time.Millisecond

// standIn is a provider's token endpoint and no more, so that it costs little beside what is
// measured: it gives a new pair of tokens for any refresh token, and keeps a book of those
// that it was shown.
type standIn struct {
	mu    sync.Mutex
	shown map[string]int // refresh tokens, how often
	at    []time.Time    // when, one by one
}

// asked is what the stand-in was asked for.
type asked struct {
	Times int // in all
	Twice int // refresh tokens that were shown more than once
	// PerSecond is the rate between the tenth and the last tenth of the questions.
	PerSecond float64
}

func newStandIn() http.Handler {
	s := &standIn{shown: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("GET /asked", s.tell)
	return mux
}

func (s *standIn) token(w http.ResponseWriter, r *http.Request) {
	token := r.PostFormValue("refresh_token")
	s.mu.Lock()
	s.shown[token]++
	s.at = append(s.at, time.Now())
	number := len(s.at)
	s.mu.Unlock()
	time.Sleep(tokenLatency)
	w.Header().Set("Content-Type", "application/json")
	// The tokens are as long as Google's.
	_, _ = w.Write([]byte(`{"token_type":"Bearer","expires_in":3599,"access_token":"ya29.` + strings.Repeat("a", 210) + strconv.Itoa(number) +
		`","refresh_token":"1//` + strings.Repeat("r", 90) + strconv.Itoa(number) + `"}`))
}

func (s *standIn) tell(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := asked{Times: len(s.at)}
	for _, times := range s.shown {
		if times > 1 {
			a.Twice++
		}
	}
	if tenth := len(s.at) / 10; tenth > 0 {
		first, last := s.at[tenth], s.at[len(s.at)-tenth]
		a.PerSecond = float64(len(s.at)-2*tenth) / last.Sub(first).Seconds()
	}
	_ = json.NewEncoder(w).Encode(a)
}
