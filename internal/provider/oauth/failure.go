package oauth

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
)

// answer classifies an error status by its code first, by the status where the
// code says nothing.
func (c *Client) answer(res *http.Response, code string, subtypes []string, description string) error {
	var e *provider.Error
	switch {
	case code != "":
		e = c.classify(code, subtypes, description)
	default:
		e = &provider.Error{
			Class: provider.Later, Code: fmt.Sprintf("http_%d", res.StatusCode),
			Cause: "the provider has trouble", Cure: "try again later",
		}
		// A refusal in HTML or with no body at all is not the protocol.
		if res.StatusCode < 500 && res.StatusCode != http.StatusTooManyRequests {
			e.Code, e.Err = provider.CodeMalformed, fmt.Errorf("status %d without an error code", res.StatusCode)
		}
	}
	if res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests {
		// Whatever the code says, a server's own trouble condemns no grant.
		e.Class = provider.Later
	}
	if res.StatusCode == http.StatusTooManyRequests {
		e.Code = provider.CodeLimited // whatever the provider calls it
	}
	e.RetryAfter = retryAfter(res.Header.Get("Retry-After"))
	return e
}

// classify finds the first line of the table for the code whose subtype, if it has
// one, was sent.
func (c *Client) classify(code string, subtypes []string, description string) *provider.Error {
	for _, t := range c.Troubles {
		if t.Code == code && (t.Subtype == "" || slices.Contains(subtypes, t.Subtype) || strings.Contains(description, t.Subtype)) {
			return &provider.Error{Class: t.Class, Code: code, Cause: t.Cause, Cure: t.Cure, Steps: t.Steps}
		}
	}
	return &provider.Error{
		Class: provider.Later, Code: printable(code),
		Cause: "the provider gave an error that Avain does not know", Cure: "try again; if it stays, look the code up at the provider",
	}
}

func (c *Client) transport(err error) error {
	if errors.Is(err, outbound.ErrTooLarge) {
		return c.malformed(err)
	}
	code, cause := provider.CodeUnreachable, "the connection failed or broke off"
	if outbound.Timeout(err) {
		code, cause = provider.CodeTimeout, "no answer in time"
	}
	// url.Error quotes the address alone, which holds no secret: secrets travel in
	// bodies and headers.
	return &provider.Error{Class: provider.Later, Code: code, Cause: cause, Cure: "try again later", Err: err}
}

func (c *Client) malformed(err error) error {
	return &provider.Error{
		Class: provider.Later, Code: provider.CodeMalformed,
		Cause: "the provider's answer cannot be read", Cure: "try again later", Err: err,
	}
}

// retryAfter reads seconds; dates are rare and read as absent.
func retryAfter(header string) time.Duration {
	seconds, err := strconv.Atoi(header)
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, 24*time.Hour)
}

// printable keeps a foreign code from carrying anything but a code.
func printable(code string) string {
	if len(code) > 64 {
		code = code[:64]
	}
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r
		}
		return '_'
	}, code)
}
