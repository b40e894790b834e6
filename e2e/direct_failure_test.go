package e2e_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/sandbox"
)

// The contract's readers look for the provider's own error objects.
func TestDirectUnwrapsNothing(t *testing.T) {
	t.Parallel()
	onEachService(t, directUnwrapsNothing)
}

func directUnwrapsNothing(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	for status, word := range s.words {
		if status == http.StatusUnauthorized {
			continue // has tests of its own: direct_retry_test.go
		}
		w.faults(sandbox.Fault{Endpoint: "api", Kind: "status", Status: status, RetryAfter: "4"})
		a := w.as(c, http.MethodGet, "/v1/direct/echo/x")
		if a.status != status || !json.Valid([]byte(a.body)) || !strings.Contains(a.body, word) || a.code() != "" {
			t.Errorf("%d came as %d %s", status, a.status, a.body)
		}
		if a.header.Get("Retry-After") != "4" {
			t.Errorf("%d: Retry-After %q", status, a.header.Get("Retry-After"))
		}
		checkGuarded(t, word, a.header)
	}
	if got := w.status(c); got != "active" {
		t.Errorf("the account is %q", got)
	}
	// What is no JSON is the caller's business as well.
	for part, fault := range map[string]sandbox.Fault{"<h1>": {Kind: "html"}, `"expires_in": 35`: {Kind: "malformed"}, "": {Kind: "empty"}} {
		fault.Endpoint = "api"
		w.faults(fault)
		if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK || !strings.Contains(a.body, part) {
			t.Errorf("%s came as %d %q", fault.Kind, a.status, a.body)
		}
	}
	w.faults(sandbox.Fault{Endpoint: "api", Kind: "oversized"})
	if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); len(a.body) <= 8<<20 {
		t.Errorf("%d bytes of an oversized answer came", len(a.body))
	}
}

func TestDirectBoundsTheWaitForAnAnswer(t *testing.T) {
	t.Parallel()
	onEachService(t, directBoundsTheWaitForAnAnswer)
}

func directBoundsTheWaitForAnAnswer(t *testing.T, s service) {
	w := startAt(t, s, func(c *app.Config) { c.FirstByteTimeout = 200 * time.Millisecond })
	c := w.connect(nil)
	w.faults(sandbox.Fault{Endpoint: "api", Kind: "hang"})
	refused(t, w.as(c, http.MethodGet, "/v1/direct/echo/x"), http.StatusGatewayTimeout, "provider.timeout")
	if got := w.status(c); got != "active" {
		t.Errorf("the account is %q", got)
	}
}

func TestARefreshThatHangsEnds(t *testing.T) {
	t.Parallel()
	onEachService(t, aRefreshThatHangsEnds)
}

func aRefreshThatHangsEnds(t *testing.T, s service) {
	w := startAt(t, s, func(c *app.Config) { c.ProviderTimeout = 200 * time.Millisecond })
	c := w.connect(nil)
	w.clock.advance(2 * time.Hour)
	w.faults(sandbox.Fault{Endpoint: "refresh", Kind: "hang"})
	refused(t, w.as(c, http.MethodGet, "/v1/direct/echo/x"), http.StatusGatewayTimeout, "provider.timeout")
	w.faults()
	if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
		t.Errorf("afterwards: %d %s", a.status, a.body)
	}
}

func TestDirectNeverFinishesAnAnswerThatBrokeOff(t *testing.T) {
	t.Parallel()
	onEachService(t, directNeverFinishesAnAnswerThatBrokeOff)
}

func directNeverFinishesAnAnswerThatBrokeOff(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	whole := func() (string, bool) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/v1/direct/echo/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", c.bearer())
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return "", false // nothing had been sent yet
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		return string(body), err == nil && res.StatusCode == http.StatusOK
	}
	w.faults(sandbox.Fault{Endpoint: "api", Kind: "cut"})
	if body, ok := whole(); ok {
		t.Errorf("half an answer ends as if it were whole: %s", body)
	}
	// Of unknown length: the end of the chunks must be missing.
	w.upstream(func(res http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(res, "half")
		_ = http.NewResponseController(res).Flush()
		panic(http.ErrAbortHandler)
	})
	if body, ok := whole(); ok {
		t.Errorf("half an answer ends as if it were whole: %s", body)
	}
}

func TestDirectTellsOfAProviderThatGivesNoAnswer(t *testing.T) {
	t.Parallel()
	onEachService(t, directTellsOfAProviderThatGivesNoAnswer)
}

func directTellsOfAProviderThatGivesNoAnswer(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for name, api := range map[string]string{
		"nobody listens": "http://" + closed.Addr().String(),
		"at once closed": "http://" + answering(t, ""),
		"no HTTP":        "http://" + answering(t, "220 mail.example ESMTP\r\n"),
		"half a header":  "http://" + answering(t, "HTTP/1.1 200 OK\r\nContent-Ty"),
		"a wild status":  "http://" + answering(t, "HTTP/1.1 99999 Odd\r\n\r\n"),
		"no TLS":         "https://" + answering(t, "HTTP/1.1 400 Bad Request\r\n\r\n"),
	} {
		w.apiAt(api)
		a := w.as(c, http.MethodGet, "/v1/direct/any")
		refused(t, a, http.StatusBadGateway, "provider.unavailable")
		if t.Failed() {
			t.Fatal(name)
		}
		if strings.Contains(a.body, "127.0.0.1") || strings.Contains(a.body, "mail.example") {
			t.Errorf("%s: the answer tells of the network: %s", name, a.body)
		}
	}
	if got := w.status(c); got != "active" {
		t.Errorf("the account is %q", got)
	}
}
