package api

import (
	"errors"
	"net/http"

	"github.com/avain-project/avain/internal/fault"
)

// healthz says that the process runs; it asks nobody.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, done{Status: "Ok"})
}

// readyz says whether requests can be served: the store answers and nobody has
// asked the process to stop.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if err := s.Ready(r.Context()); err != nil {
		var known *fault.Error
		if !errors.As(err, &known) {
			err = fault.Wrap(fault.StoreUnavailable, err)
		}
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, done{Status: "Ok"})
}

func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	if s.HomeURL == "" {
		s.fail(w, r, fault.New(fault.RouteUnknown, ""))
		return
	}
	http.Redirect(w, r, s.HomeURL, http.StatusFound)
}
