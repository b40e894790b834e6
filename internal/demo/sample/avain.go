package sample

import (
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 1 << 20

// client calls Avain.
type client struct {
	url, id, secret string
	http            *http.Client
}

// call is one line of "What just happened".
type call struct {
	Who    string `json:"who"` // "browser" or "server"
	Method string `json:"method"`
	Path   string `json:"path"`   // with codes and states shortened
	Status int    `json:"status"` // 0 where no answer came
}

// Parts is the path cut at its ampersands, where a page may break the line.
func (c call) Parts() []string { return strings.Split(c.Path, "&") }

// failure is Avain's error body, {code, message, requestId}, or our own in its form.
type failure struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	RequestID string `json:"requestId"`
	Status    int    `json:"-"`
	cause     error  // for the log
}

func (f *failure) Error() string { return f.Code + ": " + f.Message }

// request is one call to Avain.
type request struct {
	method, path string
	shown        string // path as people may see it; empty is path itself
	auth         func(*http.Request)
	body         io.Reader // JSON; nil for none
	xml          bool      // body and answer are XML instead
}

// asAccount sends an account's token.
func asAccount(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// asApplication sends the application's own credentials, and for an account where
// one is given.
func (c client) asApplication(accountID int64) func(*http.Request) {
	return func(r *http.Request) {
		r.SetBasicAuth(c.id, c.secret)
		if accountID != 0 {
			r.Header.Set("X-Aurinko-Account-Id", strconv.FormatInt(accountID, 10))
		}
	}
}

// do calls Avain, notes the call in the journal and decodes a good answer into
// `into`, where that is not nil. An error is a *failure.
func (c client) do(ctx context.Context, journal *[]call, q request, into any) error {
	if q.shown == "" {
		q.shown = q.path
	}
	note := call{Who: "server", Method: q.method, Path: q.shown}
	defer func() { *journal = append(*journal, note) }()

	req, err := http.NewRequestWithContext(ctx, q.method, c.url+q.path, q.body)
	if err != nil {
		return fmt.Errorf("make the request: %w", withoutAddress(err))
	}
	switch {
	case q.xml:
		req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	case q.body != nil:
		req.Header.Set("Content-Type", "application/json")
	}
	q.auth(req)
	answer, err := c.http.Do(req)
	if err != nil {
		return unreachable(err)
	}
	defer answer.Body.Close()
	note.Status = answer.StatusCode
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return unreachable(err)
	}
	if answer.StatusCode/100 != 2 {
		return refusal(answer.StatusCode, body)
	}
	if into == nil {
		return nil
	}
	decode := json.Unmarshal
	if q.xml {
		decode = xml.Unmarshal
	}
	if err := decode(body, into); err != nil {
		return &failure{Code: "answer.unreadable", Status: answer.StatusCode, Message: "The answer was not what was expected. Try again in a minute.", cause: err}
	}
	return nil
}

// refusal reads an error body: Avain's own, or through /v1/direct the provider's.
func refusal(status int, body []byte) *failure {
	f := failure{}
	if json.Unmarshal(body, &f) == nil && f.Code != "" && f.Message != "" {
		f.Status = status
		return &f
	}
	var provider struct {
		Error struct { // Google and Microsoft Graph alike
			Message string `json:"message"`
		} `json:"error"`
		Status struct { // Zoho Mail
			Description string `json:"description"`
		} `json:"status"`
	}
	_ = json.Unmarshal(body, &provider) // without it the status has to do
	text := fmt.Sprintf("The provider answered with status %d.", status)
	if said := cmp.Or(provider.Error.Message, provider.Status.Description); said != "" {
		text += " It says: " + said
	}
	return &failure{Code: "provider." + strconv.Itoa(status), Message: text, Status: status}
}

func unreachable(err error) *failure {
	return &failure{
		Code: "avain.unreachable", Message: "Avain did not answer. Is it still running? Look at its log, then try again.",
		cause: withoutAddress(err),
	}
}

// withoutAddress takes the address off an error: it can hold a code.
func withoutAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// shortened shows enough of a secret to recognize it and too little to use it.
func shortened(secret string) string {
	if len(secret) < 32 {
		return secret[:min(4, len(secret)/4)] + "…"
	}
	return secret[:12] + "…" + secret[len(secret)-4:]
}

// shownURL is an address without its origin, its secrets shortened.
func shownURL(path string, query url.Values) string {
	var b strings.Builder
	b.WriteString(path)
	separator := "?"
	for _, name := range []string{"clientId", "serviceType", "scopes", "responseType", "returnUrl", "accountId", "code", "status", "error", "state"} {
		value := query.Get(name)
		if value == "" {
			continue
		}
		if name == "code" || name == "state" || name == "clientId" {
			value = value[:min(6, len(value)/4)] + "…"
		}
		b.WriteString(separator + name + "=" + strings.ReplaceAll(value, " ", "+"))
		separator = "&"
	}
	return b.String()
}
