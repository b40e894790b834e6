package api

import (
	"io"
	"net/http"
	"strconv"

	"github.com/avain-project/avain/openapi"
)

// document serves our OpenAPI document. It holds nothing secret and changes with
// a release at most, so that caches may keep it for a while.
func (s *Server) document(w http.ResponseWriter, _ *http.Request) {
	text := openapi.Document()
	h := w.Header()
	h.Set("Content-Type", "application/yaml") // RFC 9512
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = io.WriteString(w, text)
}
