package api

import (
	"net/http"
	"strings"
)

// preflight answers a browser that asks before a bearer call. No application is
// known yet, so the origin must belong to any of them; the call itself is checked
// against its own.
func (s *Server) preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	known, err := s.Origins.OriginRegistered(r.Context(), strings.ToLower(origin))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if origin != "" && known {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
		h.Set("Access-Control-Allow-Headers", strings.Join([]string{
			"Authorization, Content-Type, If-Match, If-None-Match, Range, Prefer",
			accountHeader, sessionHeader, clientHeader, mailboxHeader, oldClientHeader,
		}, ", "))
		if namesClient(r.Header.Get("Access-Control-Request-Headers")) { // whose cookie means anything is seen at the call
			h.Set("Access-Control-Allow-Credentials", "true")
		}
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}

// namesClient tells whether the call that is asked about names the application, as one
// with a user's cookie must. No other call has credentials of the browser's.
func namesClient(headers string) bool {
	for name := range strings.SplitSeq(headers, ",") {
		name = strings.TrimSpace(name)
		if strings.EqualFold(name, clientHeader) || strings.EqualFold(name, oldClientHeader) {
			return true
		}
	}
	return false
}

// cors lets the pages of an application read the answers to its bearers, and to its
// users' sessions. It allows credentials where a user's cookie was asked for alone, by a
// page of that very application. Calls with the application's secret get nothing, since
// no browser may hold it.
func (s *Server) cors(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if origin == "" {
			next(w, r)
			return
		}
		next(&corsWriter{ResponseWriter: w, server: s, request: r, origin: origin}, r)
	}
}

// corsWriter adds the headers when the answer begins, since only then it is known
// whose bearer it was.
type corsWriter struct {
	http.ResponseWriter
	server  *Server
	request *http.Request
	origin  string
	begun   bool
}

// Unwrap lets http.ResponseController reach the writer below.
func (c *corsWriter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *corsWriter) WriteHeader(status int) {
	c.begin()
	c.ResponseWriter.WriteHeader(status)
}

func (c *corsWriter) Write(b []byte) (int, error) {
	c.begin()
	return c.ResponseWriter.Write(b)
}

func (c *corsWriter) begin() {
	if c.begun {
		return
	}
	c.begun = true
	h := c.Header()
	h.Add("Vary", "Origin")
	if c.allowed() {
		h.Set("Access-Control-Allow-Origin", c.origin)
		if note(c.request).byCookie {
			h.Set("Access-Control-Allow-Credentials", "true")
		}
		h.Set("Access-Control-Expose-Headers", "Content-Range, Etag, Location, Retry-After, WWW-Authenticate, X-Request-Id")
	}
}

func (c *corsWriter) allowed() bool {
	if note(c.request).byApplication {
		return false
	}
	id := note(c.request).application
	if id == "" {
		// Not authenticated: a page that may send bearers may read why it failed.
		known, err := c.server.Origins.OriginRegistered(c.request.Context(), strings.ToLower(c.origin))
		return err == nil && known
	}
	app, err := c.server.Access.Settings(c.request.Context(), id)
	if err != nil {
		return false
	}
	return allowedOrigin(app, c.origin)
}
