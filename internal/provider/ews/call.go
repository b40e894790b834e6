package ews

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

// directPath is what callers write for the account's web services, in any case; where
// the server has them under another path, it is the same.
const directPath = "EWS/Exchange.asmx"

// Endpoint implements provider.Caller.
func (p *Provider) Endpoint(_ account.Registration, login provider.Login, path string) (*url.URL, error) {
	if !strings.EqualFold(path, directPath) {
		return nil, fmt.Errorf("an Exchange account has one path, %s", directPath)
	}
	server, ok := login.Server(protocol)
	if !ok {
		return nil, errNoServer
	}
	return url.Parse(served(server).String())
}

// Dial implements provider.Caller. Only the login is bounded: what is called then takes
// its time.
func (p *Provider) Dial(ctx context.Context, _ account.Registration, login provider.Login) (provider.Call, error) {
	server, ok := login.Server(protocol)
	if !ok {
		return nil, errNoServer
	}
	at := served(server)
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	l, said, err := p.signOn(ctx, at.String(), login, inboxRequest(""))
	var open *noLogin
	if errors.As(err, &open) {
		return nil, trouble(at.host).unasked(open)
	}
	if err != nil {
		return nil, err
	}
	if _, err := l.folders(said); err != nil { // also where it says how long to wait
		l.close()
		return nil, err
	}
	return call{l}, nil
}

// call is a line for one operation of the pass-through.
type call struct{ line *line }

// RoundTrip implements http.RoundTripper.
func (c call) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	c.line.authorize(req)
	res, err := c.line.pinned.RoundTrip(req)
	if err != nil {
		return nil, c.line.unreached(req.Context(), err)
	}
	if res.StatusCode == http.StatusUnauthorized && !c.line.basic {
		// The login was good a moment ago, and the connection has lost it: some proxies
		// lend one connection to many. The password is not to blame.
		_ = res.Body.Close()
		return nil, trouble(c.line.host).of(unbound, errors.New("401 on a connection that was logged in"))
	}
	return res, nil
}

// Close implements provider.Call.
func (c call) Close() { c.line.close() }
