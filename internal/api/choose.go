package api

import (
	"net/http"
	"strings"

	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/fault"
)

// ChoosePage is what the page shows that asks for a service.
type ChoosePage struct {
	Choices []connect.Choice
	BackURL string
}

// choose lets the person say which service it is. A program is told instead which
// there are, so that it can name one.
func (s *Server) choose(w http.ResponseWriter, r *http.Request, out connect.Outcome) {
	if !acceptsHTML(r) {
		names := make([]string, len(out.Choices))
		for i, c := range out.Choices {
			names[i] = string(c.ServiceType)
		}
		s.fail(w, r, fault.Newf(fault.ParameterMissing, "It is serviceType; the application has %s.", strings.Join(names, ", ")))
		return
	}
	s.Pages.Choose(w, look(r, out), ChoosePage{Choices: out.Choices, BackURL: out.Back})
}
