package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/secret"
)

// Post calls an endpoint that stands beside the token endpoint, such as introspection
// (RFC 7662), with the client's id and secret in the body, as there. into takes the
// JSON of the answer; nil drops it.
func (c *Client) Post(ctx context.Context, reg account.Registration, endpoint string, form url.Values, into any) error {
	return eachSecret(reg, func(s secret.Text) error {
		form := maps.Clone(form)
		form.Set("client_id", reg.ClientID)
		if !s.IsZero() {
			form.Set("client_secret", s.Reveal())
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
		if err != nil {
			return fmt.Errorf("build the request: %w", err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return c.Ask(req, into)
	})
}

// PostJSON is Post for a token endpoint that takes JSON. A client without a secret
// sends an empty one.
func (c *Client) PostJSON(ctx context.Context, reg account.Registration, endpoint string, members map[string]string, into any) error {
	return eachSecret(reg, func(s secret.Text) error {
		members := maps.Clone(members)
		members["client_id"], members["client_secret"] = reg.ClientID, s.Reveal()
		body, err := json.Marshal(members)
		if err != nil {
			return errors.New("encode the request")
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("build the request: %w", err)
		}
		req.Header.Set("Content-Type", "application/json")
		return c.Ask(req, into)
	})
}

// Ask makes a call that needs no client, such as for what a server says of itself.
// into takes the JSON of the answer; nil drops it.
func (c *Client) Ask(req *http.Request, into any) error {
	req.Header.Set("Accept", "application/json")
	res, err := c.HTTP.Do(req)
	if err != nil {
		return c.transport(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	switch {
	case res.StatusCode/100 != 2:
		return c.refused(res, body)
	case into == nil:
		return nil
	case errors.Is(err, outbound.ErrTooLarge):
		return c.malformed(err)
	case err != nil:
		return c.transport(err)
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) // the mark that some servers put before JSON
	if told := errorIn(body); told.Error != "" {          // some say what went wrong with status 200
		return c.refused(res, body)
	}
	switch err := json.Unmarshal(body, into); {
	case errors.Is(err, errNoToken):
		return c.malformed(err)
	case err != nil: // whose text may quote the answer
		return c.malformed(errors.New("the answer is not JSON of the expected form"))
	}
	return nil
}

// told is an error body of the OAuth form (RFC 6749 §5.2).
type told struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Subtype     string `json:"error_subtype"` // Google
	Codes       []int  `json:"error_codes"`   // Microsoft: the numbers of AADSTS50173 and its like
}

// errorIn reads what can be read: a member of another type says nothing.
func errorIn(body []byte) told {
	var t told
	_ = json.Unmarshal(body, &t)
	return t
}

func (c *Client) refused(res *http.Response, body []byte) error {
	t := errorIn(body)
	code, subtypes := c.own(body, t.Error)
	subtypes = append(subtypes, t.Subtype)
	for _, n := range t.Codes {
		subtypes = append(subtypes, fmt.Sprintf("AADSTS%d:", n))
	}
	return c.answer(res, code, subtypes, t.Description)
}

// own lays the provider's own words over the OAuth code.
func (c *Client) own(body []byte, code string) (string, []string) {
	if c.Own == nil {
		return code, nil
	}
	theirs, subtype := c.Own(body)
	if theirs != "" {
		code = theirs
	}
	return code, []string{subtype}
}
