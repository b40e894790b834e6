package ews

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/go-ntlmssp"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
)

// The ways to log in, as WWW-Authenticate names them, in lower case.
const (
	schemeNTLM      = "ntlm"
	schemeNegotiate = "negotiate"
	schemeBasic     = "basic"
)

// maxAnswer bounds an answer's body up to the end of a sign-in, in bytes.
const maxAnswer = 1 << 20

// maxChallenge bounds an NTLM challenge, in bytes; real ones take some 300.
const maxChallenge = 16 << 10

// line is a connection to one Exchange server on which somebody is logged in.
type line struct {
	pinned *outbound.Pinned
	host   string
	login  provider.Login
	basic  bool // each request carries the login; else the connection does
}

// answer is a server's answer, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
	tls    *tls.ConnectionState
}

// noLogin: what is asked at an address is not there, or is there for everybody.
type noLogin struct{ answer answer }

func (e *noLogin) Error() string {
	return fmt.Sprintf("it asks for no login: HTTP %d", e.answer.status)
}

// signOn asks how the server wants a login, and logs in with a request: one attempt. The
// password goes nowhere before. Where no login is asked for, the error is *noLogin.
//
// The request is a real one: to an empty one servers answer with an error, and some then
// close the connection that the login is bound to.
func (p *Provider) signOn(ctx context.Context, address string, login provider.Login, request []byte) (*line, answer, error) {
	l := &line{pinned: p.typed.Pinned(), host: hostOf(address), login: login}
	said, err := l.logIn(ctx, address, request)
	if err != nil {
		l.close()
		return nil, answer{}, err
	}
	return l, said, nil
}

func (l *line) close() { l.pinned.Close() }

func (l *line) logIn(ctx context.Context, address string, request []byte) (answer, error) {
	first, err := l.post(ctx, address, "", nil)
	if err != nil {
		return answer{}, err
	}
	if first.status != http.StatusUnauthorized {
		return answer{}, &noLogin{first}
	}
	offered := offers(first.header)
	for _, scheme := range []string{schemeNTLM, schemeNegotiate} {
		if !slices.Contains(offered, scheme) {
			continue
		}
		challenge, err := l.challenge(ctx, address, scheme)
		if err != nil {
			return answer{}, err
		}
		if challenge == nil {
			continue // Kerberos alone, or a server that changed its mind: no password has gone out
		}
		return l.respond(ctx, address, scheme, challenge, request)
	}
	if !slices.Contains(offered, schemeBasic) {
		return answer{}, trouble(l.host).of(noPasswords, fmt.Errorf("it offers %s", quote(strings.Join(offered, ", "))))
	}
	l.basic = true
	return l.judged(l.post(ctx, address, "", request))
}

// challenge begins NTLM, and returns nil where the server does not take it up.
func (l *line) challenge(ctx context.Context, address, scheme string) ([]byte, error) {
	hello, err := ntlmssp.NewNegotiateMessage("", "")
	if err != nil {
		return nil, err
	}
	res, err := l.post(ctx, address, scheme+" "+base64.StdEncoding.EncodeToString(hello), nil)
	if err != nil {
		return nil, err
	}
	if res.status != http.StatusUnauthorized {
		return nil, trouble(l.host).of(nonsense, fmt.Errorf("it answers the beginning of NTLM with HTTP %d", res.status))
	}
	for _, value := range res.header.Values("WWW-Authenticate") {
		name, token, _ := strings.Cut(strings.TrimSpace(value), " ")
		if token = strings.TrimSpace(token); !strings.EqualFold(name, scheme) || token == "" || len(token) > maxChallenge {
			continue
		}
		challenge, err := base64.StdEncoding.DecodeString(token)
		if err != nil {
			continue
		}
		if challenge, err = bound(challenge, res.tls.PeerCertificates[0]); err != nil { // https, so there is one
			return nil, trouble(l.host).of(nonsense, err)
		}
		return challenge, nil
	}
	return nil, nil
}

// respond sends the login, on the connection that the challenge came by or on none.
func (l *line) respond(ctx context.Context, address, scheme string, challenge, request []byte) (answer, error) {
	message, err := ntlmssp.NewAuthenticateMessage(challenge, l.login.Username, l.login.Password.Reveal(), nil)
	if err != nil { // the library's words are about the challenge
		return answer{}, trouble(l.host).of(nonsense, errors.New(quote(err.Error())))
	}
	l.pinned.Hold()
	return l.judged(l.post(ctx, address, scheme+" "+base64.StdEncoding.EncodeToString(message), request))
}

// judged tells a refused login. What any other answer means is for who has asked.
func (l *line) judged(last answer, err error) (answer, error) {
	switch {
	case err != nil:
		return answer{}, err
	case last.status == http.StatusUnauthorized:
		return answer{}, trouble(l.host).of(refused, l.said(last))
	}
	return last, nil
}

// offers are the schemes of an answer, in lower case and in its order.
func offers(header http.Header) []string {
	var out []string
	for _, value := range header.Values("WWW-Authenticate") {
		// A list in one line is rare, and a comma may stand in a quoted realm: the word
		// at the beginning of each part is a scheme, or none that matters.
		for part := range strings.SplitSeq(value, ",") {
			name, _, _ := strings.Cut(strings.TrimSpace(part), " ")
			if name = strings.ToLower(name); name != "" && !strings.ContainsAny(name, "=\"") && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// post sends one request and reads the answer. authorization is for the handshake; nil
// is an empty body.
func (l *line) post(ctx context.Context, address, authorization string, body []byte) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(string(body)))
	if err != nil {
		return answer{}, trouble(l.host).of(nonsense, errors.New("the address cannot be called"))
	}
	req.Header.Set("User-Agent", "Avain")
	req.Header.Set("Accept", "text/xml")
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	l.authorize(req)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	res, err := l.pinned.RoundTrip(req)
	if err != nil {
		return answer{}, l.unreached(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return answer{}, l.unreached(ctx, err)
	}
	if len(text) > maxAnswer {
		return answer{}, trouble(l.host).of(reached(outbound.TooMuch), fmt.Errorf("an answer over %d bytes", maxAnswer))
	}
	return answer{res.StatusCode, res.Header, text, res.TLS}, nil
}

// authorize sets the login where the connection does not stand for it.
func (l *line) authorize(req *http.Request) {
	req.Header.Del("Authorization")
	if l.basic {
		req.SetBasicAuth(l.login.Username, l.login.Password.Reveal())
	}
}
