package exchange

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/mailbox"
)

type resolveNames struct{ UnresolvedEntry string }

// resolveNames finds people by what their name or their address begins with: the
// personas, then the address book.
func (s *Server) resolveNames(w http.ResponseWriter, _ who, call *resolveNames) {
	var found []string
	add := func(name, email, kind string) {
		entry := strings.ToLower(call.UnresolvedEntry)
		if strings.HasPrefix(strings.ToLower(name), entry) || strings.HasPrefix(email, entry) {
			found = append(found, node("t:Resolution", node("t:Mailbox", element("t:Name", name), element("t:EmailAddress", email),
				element("t:RoutingType", "SMTP"), element("t:MailboxType", kind))))
		}
	}
	for _, p := range ledger.Personas() {
		add(p.Name, p.Email, "Mailbox")
	}
	for _, c := range mailbox.Contacts() {
		add(c.GivenName+" "+c.FamilyName, c.Email, "Contact")
	}
	if len(found) == 0 || call.UnresolvedEntry == "" {
		answer(w, "ResolveNames", outcome("ResolveNames", refusal{"ErrorNameResolutionNoResults", "No results were found."}))
		return
	}
	head := fmt.Sprintf(`m:ResolutionSet TotalItemsInView="%d" IncludesLastItemInRange="true"`, len(found))
	answer(w, "ResolveNames", outcome("ResolveNames", refusal{}, node(head, found...)))
}

// timeZones tells the one the sandbox lives in.
func (s *Server) timeZones(w http.ResponseWriter) {
	answer(w, "GetServerTimeZones", outcome("GetServerTimeZones", refusal{}, node("m:TimeZoneDefinitions",
		node(`t:TimeZoneDefinition Id="UTC" Name="(UTC) Coordinated Universal Time"`))))
}
