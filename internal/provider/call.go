package provider

import (
	"context"
	"net/http"
	"net/url"

	"github.com/avain-project/avain/internal/account"
)

// Caller is a Signer whose logins open an API, to which calls are passed on.
type Caller interface {
	Signer
	// Endpoint is the whole address that a path behind /v1/direct/ stands for. The error,
	// for any other path, says which there are.
	Endpoint(reg account.Registration, login Login, path string) (*url.URL, error)
	// Dial logs in, with one attempt, and returns the way for one operation. Failures
	// are as of Signer.Verify.
	Dial(ctx context.Context, reg account.Registration, login Login) (Call, error)
}

// Call is a connection on which somebody is logged in: for one request at a time, to the
// Endpoint alone. An answer of 401 means that the login is refused after all.
type Call interface {
	http.RoundTripper
	Close()
}
