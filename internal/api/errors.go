package api

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/fault"
)

// failed is the body of every error (contract §2).
type failed struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	RequestID string `json:"requestId"`
}

// statuses is the one mapping from what went wrong to HTTP.
var statuses = map[fault.Kind]int{
	fault.Invalid: http.StatusBadRequest, fault.Unauthorized: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden,
	fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict, fault.Method: http.StatusMethodNotAllowed, fault.Misdirected: http.StatusMisdirectedRequest,
	fault.TooLarge: http.StatusRequestEntityTooLarge, fault.TooMany: http.StatusTooManyRequests,
	fault.Broken: http.StatusInternalServerError, fault.Upstream: http.StatusBadGateway,
	fault.Timeout: http.StatusGatewayTimeout, fault.Unavailable: http.StatusServiceUnavailable,
}

// Status is the HTTP status of a kind of fault.
func Status(k fault.Kind) int { return statuses[k] }

// fail shows a fault as JSON.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := s.noted(w, r, err)
	writeJSON(w, statuses[f.Kind()], failed{Code: string(f.Code), Message: f.Message(), RequestID: note(r).requestID})
}

// Fail shows a fault of a handler that lives elsewhere.
func (s *Server) Fail(w http.ResponseWriter, r *http.Request, err error) { s.fail(w, r, err) }

// show is fail for the flow's routes: a page where the client reads HTML.
func (s *Server) show(w http.ResponseWriter, r *http.Request, out connect.Outcome) {
	if !acceptsHTML(r) {
		s.fail(w, r, out.Fault)
		return
	}
	f := s.noted(w, r, out.Fault)
	s.Pages.Error(w, look(r, out), ErrorPage{
		Status: statuses[f.Kind()], Code: string(f.Code), Message: f.Message(), Detail: f.Detail, RequestID: note(r).requestID,
		RetryAfter: f.RetryAfter, BackURL: out.Back, TryAgainURL: out.TryAgain, Reload: out.Reload,
	})
}

// noted puts the fault into the log line and sets what its headers must say.
func (s *Server) noted(w http.ResponseWriter, r *http.Request, err error) *fault.Error {
	f := classified(r, err)
	note(r).fault = f
	h := w.Header()
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
	}
	switch f.Code {
	case fault.ClientUnauthorized:
		h.Set("WWW-Authenticate", `Basic realm="avain", charset="UTF-8"`)
	case fault.NotAuthenticated, fault.TokenInQuery:
		challenge := `Bearer realm="avain"`
		if r.Header.Get("Authorization") != "" { // RFC 6750 §3.1: there was one, and it is no good
			challenge += `, error="invalid_token"`
		}
		h.Set("WWW-Authenticate", challenge)
	case fault.TokenRevoked, fault.TokenDead, fault.RefreshFailed:
		h.Set("WWW-Authenticate", `Bearer realm="avain", error="invalid_token"`)
	case fault.ScopeInsufficient:
		h.Set("WWW-Authenticate", `Bearer realm="avain", error="insufficient_scope", scope="`+f.Scope+`"`)
	case fault.TokenLimited:
		h.Set("WWW-Authenticate", `Bearer realm="avain", error="insufficient_scope"`)
	}
	return f
}

// classified gives foreign errors a place: a body over its bound, a caller that
// went away.
func classified(r *http.Request, err error) *fault.Error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.Newf(fault.BodyTooLarge, "At most %d bytes.", tooLarge.Limit)
	}
	f := fault.From(err)
	if f.Code == fault.Internal && r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return fault.Wrap(fault.ProviderUnavailable, err) // nobody reads it
	}
	return f
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	encoded, err := json.Marshal(body)
	if err != nil {
		status, encoded = http.StatusInternalServerError, []byte(`{"code":"internal"}`)
	}
	h.Set("Content-Length", strconv.Itoa(len(encoded)))
	w.WriteHeader(status)
	_, _ = w.Write(encoded)
}

// acceptsHTML tells whether the client lists text/html by name, as browsers do
// and programs do not.
func acceptsHTML(r *http.Request) bool {
	for _, value := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(value, ",") {
			kind, params, err := mime.ParseMediaType(part)
			if err != nil || kind != "text/html" {
				continue
			}
			if weight, err := strconv.ParseFloat(params["q"], 64); err != nil || weight > 0 {
				return true
			}
		}
	}
	return false
}
