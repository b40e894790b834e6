package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

// Refusals reads the errors of a provider's data calls.
type Refusals struct {
	// Codes finds the error codes in an error body, the most telling first; none
	// where the body is not of the provider's form.
	Codes func(body []byte) []string
	// Table says what they mean. A line of class User or Admin is a refusal.
	Table []provider.Trouble
}

// Probe makes one GET and says whether it was let through, as
// [provider.Prober] promises. The answer must be JSON and is dropped.
func (c *Client) Probe(ctx context.Context, endpoint string, access secret.Text, refusals Refusals) error {
	res, err := c.get(ctx, endpoint, access)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	switch {
	case errors.Is(err, outbound.ErrTooLarge):
		return c.malformed(err)
	case err != nil:
		return c.transport(err)
	case res.StatusCode == http.StatusOK && json.Valid(body):
		return nil
	case res.StatusCode == http.StatusOK:
		return c.malformed(errors.New("the answer of a data call is not JSON"))
	}
	return c.refusal(res, refusals.Codes(body), refusals.Table)
}

// refusal classifies an error status by the first code that the table has, by the
// status where it has none.
func (c *Client) refusal(res *http.Response, codes []string, table []provider.Trouble) error {
	if res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests {
		return c.answer(res, "", nil, "") // a server's own trouble refuses nobody
	}
	for _, code := range codes {
		if i := slices.IndexFunc(table, func(t provider.Trouble) bool { return t.Code == code }); i >= 0 {
			return refusedAs(res, table[i])
		}
	}
	if res.StatusCode != http.StatusUnauthorized && res.StatusCode != http.StatusForbidden {
		return c.answer(res, "", nil, "")
	}
	code := "no code"
	if len(codes) > 0 {
		code = printable(codes[0])
	}
	return refusedAs(res, provider.Trouble{
		Code: code, Class: provider.User,
		Cause: "the provider refuses the call although the access was granted", Cure: "sign in with another account, or ask the organization's administrator",
	})
}

// refusedAs is the error that a line of the table stands for.
func refusedAs(res *http.Response, t provider.Trouble) *provider.Error {
	e := &provider.Error{
		Class: t.Class, Code: t.Code, Cause: t.Cause, Cure: t.Cure, RetryAfter: retryAfter(res.Header.Get("Retry-After")),
		Err: fmt.Errorf("status %d, %s", res.StatusCode, t.Code),
	}
	if t.Class == provider.User || t.Class == provider.Admin {
		e.Code = provider.CodeAccessRefused
	}
	return e
}
