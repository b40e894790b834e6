package api

import (
	"net/http"
	"strconv"

	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/fault"
)

// logo serves an application's picture. Its name is its hash, so that it may be kept for
// ever, and whoever opens it by itself finds a picture and nothing that runs.
func (s *Server) logo(w http.ResponseWriter, r *http.Request) {
	hash := r.PathValue("hash")
	if !brand.ValidHash(hash) {
		s.fail(w, r, fault.New(fault.RouteUnknown, ""))
		return
	}
	logo, found, err := s.Logos.Logo(r.Context(), hash)
	switch {
	case err != nil:
		s.fail(w, r, fault.Wrap(fault.StoreUnavailable, err))
		return
	case !found:
		s.fail(w, r, fault.New(fault.RouteUnknown, ""))
		return
	}
	h := w.Header()
	h.Set("Content-Type", logo.MediaType)
	h.Set("Content-Length", strconv.Itoa(len(logo.Data)))
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	_, _ = w.Write(logo.Data)
}
