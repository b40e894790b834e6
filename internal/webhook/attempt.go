package webhook

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/secret"
)

// Failure is all that is kept and said of a try that failed.
type Failure string

// The failures. None is "".
const (
	Unreachable Failure = "unreachable"
	Timeout     Failure = "timeout"
	WrongAnswer Failure = "wrong answer"
)

// tryTime bounds one try, the connection included.
const tryTime = 15 * time.Second

// attempt sends a body once. wide tells that it is the endpoint which is in trouble, more
// likely than this one event.
func (s *Service) attempt(ctx context.Context, target string, signing secret.Text, body []byte) (failed Failure, wide bool) {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return Unreachable, true
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Avain/"+s.Version)
	setSignature(req.Header, signing, s.Now(), body)
	res, err := s.client.Do(req)
	if err != nil {
		return because(req.URL, err), true
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.CopyN(io.Discard, res.Body, 4<<10) // so that the connection can be used again
	switch {
	case res.StatusCode/100 == 2:
		return "", false
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusBadGateway ||
		res.StatusCode == http.StatusServiceUnavailable || res.StatusCode == http.StatusGatewayTimeout:
		return WrongAnswer, true
	}
	return WrongAnswer, false
}

func because(u *url.URL, err error) Failure {
	switch outbound.Explain(u.Hostname(), err).Reason {
	case outbound.TimedOut:
		return Timeout
	case outbound.TooMuch, outbound.BadRedirect:
		return WrongAnswer
	}
	return Unreachable
}

// The pauses between tries (contract §8.5).
const (
	firstPause   = time.Second
	longestPause = 10 * time.Minute
)

// pauseAfter is how long to wait after the nth failure in a row: 1, 2, 4, 8 … seconds.
func pauseAfter(n int) time.Duration {
	if shift := n - 1; shift < 10 {
		return min(firstPause<<shift, longestPause)
	}
	return longestPause
}
