package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
)

// notes are what the one log line of a request says. Handlers fill them in. There
// is no path among them: codes and provider ids live in paths.
type notes struct {
	requestID   string
	at          *url.URL // the origin the browser is at, on the flow's routes
	route       string
	application string
	// byApplication: with the application's own credentials, rather than a bearer.
	byApplication bool
	byCookie      bool // with a user's cookie, which only the application's own pages may use
	account       account.ID
	source        string // where the way of a sign-in was found
	fault         *fault.Error
}

type notesKey struct{}

func note(r *http.Request) *notes {
	n, ok := r.Context().Value(notesKey{}).(*notes)
	if !ok {
		return &notes{}
	}
	return n
}

// observed gives the request its id, and writes one line and one measure when it
// is done.
func (s *Server) observed(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	start := s.Now()
	n := &notes{requestID: uuid.NewString()}
	r = r.WithContext(context.WithValue(r.Context(), notesKey{}, n))
	w.Header().Set("X-Request-Id", n.requestID)
	seen := &statusWriter{ResponseWriter: w}
	defer func() {
		broken := recover()
		aborted := broken == http.ErrAbortHandler
		if broken != nil && !aborted {
			s.Logger.ErrorContext(r.Context(), "panic", "requestId", n.requestID, "route", n.route, "panic", broken)
			if aborted = seen.status != 0; !aborted {
				s.fail(seen, r, fault.New(fault.Internal, ""))
			}
		}
		s.line(r, n, seen, s.Now().Sub(start))
		if aborted {
			panic(http.ErrAbortHandler) // an answer that has begun must not look whole
		}
	}()
	next(seen, r)
}

func (s *Server) line(r *http.Request, n *notes, seen *statusWriter, took time.Duration) {
	if s.Observe != nil {
		s.Observe(n.route, r.Method, seen.status, took)
	}
	level := slog.LevelInfo
	attrs := make([]slog.Attr, 0, 10)
	attrs = append(attrs,
		slog.String("requestId", n.requestID), slog.String("method", r.Method), slog.String("route", n.route),
		slog.Int("status", seen.status), slog.Int64("bytes", seen.bytes), slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.String("address", s.addressOf(r)))
	if n.application != "" {
		attrs = append(attrs, slog.String("application", n.application))
	}
	if n.account != 0 {
		attrs = append(attrs, slog.Int64("account", int64(n.account)))
	}
	if n.source != "" {
		attrs = append(attrs, slog.String("source", n.source))
	}
	if n.fault != nil {
		attrs = append(attrs, slog.String("code", string(n.fault.Code)))
		if n.fault.Err != nil {
			attrs = append(attrs, slog.String("cause", n.fault.Err.Error()))
		}
		switch n.fault.Kind() {
		case fault.Broken, fault.Unavailable:
			level = slog.LevelError
		case fault.Upstream, fault.Timeout:
			level = slog.LevelWarn
		}
	}
	s.Logger.LogAttrs(r.Context(), level, "request", attrs...)
}

// statusWriter remembers what was answered.
type statusWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}
