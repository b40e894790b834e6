package api

import "net/http"

// direct authenticates a call of the pass-through and hands it on. path is the
// raw path behind /v1/direct/.
func (s *Server) direct(w http.ResponseWriter, r *http.Request, path string) {
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		s.preflight(w, r)
		return
	}
	s.cors(func(w http.ResponseWriter, r *http.Request) {
		caller, err := s.caller(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		unbound(w)
		// The provider's credential goes out instead of the caller's own.
		r.Header.Del("Authorization")
		s.Direct.Serve(w, r, caller.Account, path)
	})(w, r)
}
