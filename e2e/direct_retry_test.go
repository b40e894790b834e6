package e2e_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/avain-project/avain/internal/sandbox"

	"github.com/avain-project/avain/internal/app"
)

const keptAside = 64 << 10 // decision 14

func TestDirectRenewsOnceOn401AndSendsTheBodyAgain(t *testing.T) {
	t.Parallel()
	onEachService(t, directRenewsOnceOn401AndSendsTheBodyAgain)
}

func directRenewsOnceOn401AndSendsTheBodyAgain(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	for name, size := range map[string]int{"nothing": 0, "one byte": 1, "all that is kept": keptAside} {
		for _, chunked := range []bool{false, true} {
			body := strings.Repeat("a", size)
			var reader io.Reader = strings.NewReader(body)
			if chunked {
				reader = struct{ io.Reader }{reader}
			}
			w.box.Expire()
			before := w.calls()
			e := w.call(http.MethodPost, "/v1/direct/echo/x", reader, "Authorization", c.bearer()).echo(t)
			sum := sha256.Sum256([]byte(body))
			if e.BodyLength != int64(size) || e.BodySHA256 != hex.EncodeToString(sum[:]) {
				t.Errorf("%s, chunked %t: %d bytes arrived", name, chunked, e.BodyLength)
			}
			if got := w.calls(); got.Refresh != before.Refresh+1 || got.API != before.API+2 {
				t.Errorf("%s, chunked %t: %d refreshes, %d calls", name, chunked, got.Refresh-before.Refresh, got.API-before.API)
			}
		}
	}
}

// A body that is not kept cannot be sent again: the caller gets the provider's
// 401, and finds a renewed credential when it sends the body itself.
func TestDirectDoesNotSendALargeBodyTwice(t *testing.T) {
	t.Parallel()
	onEachService(t, directDoesNotSendALargeBodyTwice)
}

func directDoesNotSendALargeBodyTwice(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	for _, chunked := range []bool{false, true} {
		upload := func() answer {
			var reader io.Reader = strings.NewReader(strings.Repeat("a", keptAside+1))
			if chunked {
				reader = struct{ io.Reader }{reader}
			}
			return w.call(http.MethodPost, "/v1/direct/echo/x", reader, "Authorization", c.bearer())
		}
		w.box.Expire()
		before := w.calls()
		if a := upload(); a.status != http.StatusUnauthorized || !strings.Contains(a.body, s.words[401]) {
			t.Errorf("chunked %t: %d %s", chunked, a.status, a.body)
		}
		if got := w.calls(); got.API != before.API+1 {
			t.Errorf("chunked %t: %d calls", chunked, got.API-before.API)
		}
		if got := w.status(c); got != "active" {
			t.Errorf("chunked %t: the account is %q", chunked, got)
		}
		if e := upload().echo(t); e.BodyLength != keptAside+1 || w.calls().Refresh != before.Refresh+1 {
			t.Errorf("chunked %t: then %d bytes arrived after %d refreshes", chunked, e.BodyLength, w.calls().Refresh-before.Refresh)
		}
	}
}

func TestManyCallsShareOneRefresh(t *testing.T) {
	t.Parallel()
	onEachServiceAndEngine(t, manyCallsShareOneRefresh)
}

func manyCallsShareOneRefresh(t *testing.T, s service, on func(*app.Config)) {
	w := startAt(t, s, on)
	c := w.connect(nil)
	w.box.Expire()
	const callers = 50
	answers := make([]answer, callers)
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() { answers[i] = w.as(c, http.MethodGet, fmt.Sprintf("/v1/direct/echo/%d", i)) })
	}
	group.Wait()
	for i, a := range answers {
		if a.status != http.StatusOK {
			t.Errorf("call %d: %d %s", i, a.status, a.body)
		}
	}
	if got := w.calls().Refresh; got != 1 {
		t.Errorf("%d refreshes for %d calls", got, callers)
	}
}

// An API that refuses even a fresh token must not be asked for ever.
func TestDirectTriesAgainOnce(t *testing.T) {
	t.Parallel()
	onEachService(t, directTriesAgainOnce)
}

func directTriesAgainOnce(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	w.faults(sandbox.Fault{Endpoint: "api", Kind: "status", Status: 401})
	a := w.as(c, http.MethodGet, "/v1/direct/echo/x")
	if a.status != http.StatusUnauthorized || !strings.Contains(a.body, s.words[401]) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if got := w.calls(); got.API != 2 || got.Refresh != 1 {
		t.Errorf("the provider has had %+v", got)
	}
	if got := w.status(c); got != "invalid" {
		t.Errorf("the account is %q", got)
	}
	w.faults()
	if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK || w.status(c) != "active" {
		t.Errorf("when the API takes it again: %d, and the account is %q", a.status, w.status(c))
	}
}

func TestDirectTellsOfADeadGrantAfter401(t *testing.T) {
	t.Parallel()
	onEachService(t, directTellsOfADeadGrantAfter401)
}

func directTellsOfADeadGrantAfter401(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	w.box.Reset() // the person has taken the access back
	refused(t, w.as(c, http.MethodGet, "/v1/direct/echo/x"), http.StatusUnauthorized, "token.dead")
	refused(t, w.as(c, http.MethodGet, "/v1/direct/echo/x"), http.StatusUnauthorized, "token.dead")
	if got := w.calls(); got.API != 1 || got.Refresh != 1 {
		t.Errorf("the provider has had %+v", got)
	}
}

func TestDirectTellsThatA401CannotBeMended(t *testing.T) {
	t.Parallel()
	onEachService(t, directTellsThatA401CannotBeMended)
}

func directTellsThatA401CannotBeMended(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(url.Values{"loginHint": {"ada+auto+norefresh@sandbox.test"}})
	w.box.Expire()
	refused(t, w.as(c, http.MethodGet, "/v1/direct/echo/x"), http.StatusUnauthorized, "token.refresh.failed")
	if got := w.status(c); got != "invalid" {
		t.Errorf("the account is %q", got)
	}
}

// The first answer comes while the body is still on its way.
func TestDirectDoesNotWaitForABodyThatNobodyWants(t *testing.T) {
	t.Parallel()
	onEachService(t, directDoesNotWaitForABodyThatNobodyWants)
}

func directDoesNotWaitForABodyThatNobodyWants(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	var calls atomic.Int32
	w.upstream(func(res http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		res.Header().Set("Connection", "close")
		http.Error(res, "too large", http.StatusRequestEntityTooLarge)
	})
	body, feed := io.Pipe()
	go func() {
		_, err := io.Copy(feed, &zeros{1 << 30})
		_ = feed.CloseWithError(err)
	}()
	t.Cleanup(func() { _ = body.Close() })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/v1/direct/any", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", c.bearer())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if (res.StatusCode != http.StatusRequestEntityTooLarge && res.StatusCode != http.StatusBadGateway) || calls.Load() != 1 {
		t.Errorf("%d after %d calls", res.StatusCode, calls.Load())
	}
}
