package credential_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
)

// caller is a service by form whose logins open an API, which answers with a status.
type caller struct {
	former
	status        int
	refuses       error
	dialled, open atomic.Int64
	dialling      func() // while a login is tried
}

func (c *caller) Endpoint(_ account.Registration, l provider.Login, path string) (*url.URL, error) {
	if path != "api" {
		return nil, errors.New("there is one path, api")
	}
	return url.Parse("https://" + l.Servers[0].Host + "/whole/api")
}

func (c *caller) Dial(ctx context.Context, _ account.Registration, _ provider.Login) (provider.Call, error) {
	c.dialled.Add(1)
	if c.dialling != nil {
		c.dialling()
	}
	if err := ctx.Err(); err != nil { // nobody hears what the server says
		return nil, err
	}
	if c.refuses != nil {
		return nil, c.refuses
	}
	c.open.Add(1)
	return &line{c}, nil
}

type line struct{ *caller }

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: l.status, Body: io.NopCloser(strings.NewReader(r.URL.String())), Request: r}, nil
}

func (l *line) Close() { l.open.Add(-1) }

func byCaller(t *testing.T) (*bench, *caller) {
	t.Helper()
	b, _, _ := byForm(t)
	c := &caller{status: http.StatusOK}
	b.Providers[account.IMAP] = c
	return b, c
}

// passes one call on, and returns the answer's body.
func (b *bench) passes(ctx context.Context, acct account.Account) (string, error) {
	session, err := b.Use(ctx, acct, "api")
	if err != nil {
		return "", err
	}
	if !session.Whole {
		b.Error("something would be appended to the address")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, session.Endpoint.String(), strings.NewReader("body"))
	b.ok(err)
	res, err := session.Client.Transport.RoundTrip(r)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(res.Body)
	b.ok(err)
	b.ok(res.Body.Close())
	return string(text), nil
}

func TestCallsArePassedOnByLogin(t *testing.T) {
	t.Parallel()
	b, c := byCaller(t)
	for want := range int64(2) {
		text, err := b.passes(t.Context(), b.stored())
		if err != nil || text != "https://mail.test/whole/api" || c.dialled.Load() != want+1 || c.open.Load() != 0 {
			t.Fatalf("%q, %v; %d logins, %d left open", text, err, c.dialled.Load(), c.open.Load())
		}
	}
	if _, err := b.Use(t.Context(), b.stored(), "other"); !fault.Is(err, fault.PathInvalid) {
		t.Errorf("another path: %v", err)
	}
	session, err := b.Use(t.Context(), b.stored(), "api")
	b.ok(err)
	for _, elsewhere := range []string{"https://evil.test/whole/api", "http://mail.test/whole/api", "https://mail.test/other"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, elsewhere, nil)
		b.ok(err)
		if res, err := session.Client.Transport.RoundTrip(r); err == nil {
			_ = res.Body.Close()
			t.Errorf("the login goes to %s", elsewhere)
		}
	}
	if c.dialled.Load() != 2 {
		t.Error("a login was tried for nothing")
	}
}

func TestWhatALoginMeetsIsNoted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		refuses error
		status  int
		code    fault.Code
		want    account.TokenStatus
	}{
		"refused":          {&provider.Error{Class: provider.Dead, Code: provider.CodeLoginRefused}, 0, fault.TokenDead, account.TokenDead},
		"expired":          {&provider.Error{Class: provider.Dead, Code: provider.CodeLoginExpired}, 0, fault.TokenDead, account.TokenDead},
		"refused at last":  {nil, http.StatusUnauthorized, fault.TokenDead, account.TokenDead},
		"switched off":     {&provider.Error{Class: provider.User, Code: provider.CodeLoginDisabled, Cause: "it is off"}, 0, fault.ProviderUnavailable, account.TokenInvalid},
		"busy":             {&provider.Error{Class: provider.Later, Code: provider.CodeServerBusy, RetryAfter: time.Minute}, 0, fault.ProviderUnavailable, account.TokenActive},
		"an answer, as is": {nil, http.StatusInternalServerError, "", account.TokenActive},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, c := byCaller(t)
			c.refuses, c.status = test.refuses, test.status
			_, err := b.passes(t.Context(), b.stored())
			if test.code == "" && err != nil || test.code != "" && !fault.Is(err, test.code) {
				t.Errorf("%v, want %s", err, test.code)
			}
			var f *fault.Error
			if name == "busy" && (!errors.As(err, &f) || f.RetryAfter != time.Minute) {
				t.Errorf("the server's time is lost: %v", err)
			}
			if got := b.stored().TokenStatus; got != test.want {
				t.Errorf("the account is %s, want %s", got, test.want)
			}
			if c.open.Load() != 0 {
				t.Error("a connection is left open")
			}
			tried := c.dialled.Load()
			c.refuses, c.status = nil, http.StatusOK
			_, err = b.passes(t.Context(), b.stored())
			if ended := test.want == account.TokenDead; ended != fault.Is(err, fault.TokenDead) || ended != (c.dialled.Load() == tried) {
				t.Errorf("the next call: %v, %d logins after %d", err, c.dialled.Load(), tried)
			}
			if test.want != account.TokenDead && b.stored().TokenStatus != account.TokenActive {
				t.Error("the account has not recovered")
			}
		})
	}
}

// However many calls and pings are on their way when a password is no good any more.
func TestCallsAtOnceTryARefusedPasswordOnce(t *testing.T) {
	t.Parallel()
	b, c := byCaller(t)
	c.refuses = &provider.Error{Class: provider.Dead, Code: provider.CodeLoginRefused}
	c.answer = c.refuses
	seen := b.stored()
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			if _, err := b.passes(t.Context(), seen); !fault.Is(err, fault.TokenDead) {
				t.Error(err)
			}
		})
		callers.Go(func() {
			if err := b.Ping(t.Context(), seen); err != nil && !fault.Is(err, fault.TokenDead) {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if tries := int(c.dialled.Load()) + c.calls; tries != 1 {
		t.Errorf("the password was tried %d times", tries)
	}
}

// A refusal is noted although the caller has gone away while the login was tried.
func TestARefusalIsNotedForCallersThatHaveGone(t *testing.T) {
	t.Parallel()
	b, c := byCaller(t)
	ctx, gone := context.WithCancel(t.Context())
	c.refuses, c.dialling = &provider.Error{Class: provider.Dead, Code: provider.CodeLoginRefused}, gone
	if _, err := b.passes(ctx, b.stored()); err == nil {
		t.Error("it went through")
	}
	if got := b.stored().TokenStatus; got != account.TokenDead {
		t.Errorf("the account is %s", got)
	}
}
