package sandbox

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/microsoft"
	"github.com/avain-project/avain/internal/sandbox/page"
)

// maxControlBody is the longest list of faults that is read.
const maxControlBody = 1 << 20

func (s *Sandbox) routeControl() {
	control := http.NewServeMux()
	control.HandleFunc("GET /_control/stats", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, s.Stats())
	})
	control.HandleFunc("POST /_control/expire", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"status": "Ok", "expired": s.Expire()})
	})
	control.HandleFunc("POST /_control/faults", s.setFaults)
	control.HandleFunc("DELETE /_control/faults", func(w http.ResponseWriter, _ *http.Request) {
		_ = s.SetFaults(nil) // an empty list is always valid
		answer(w, http.StatusOK, map[string]any{"status": "Ok", "faults": 0})
	})
	control.HandleFunc("POST /_control/exchange", s.setExchange)
	control.HandleFunc("POST /_control/reset", func(w http.ResponseWriter, _ *http.Request) {
		s.Reset()
		answer(w, http.StatusOK, map[string]any{"status": "Ok"})
	})
	s.mux.Handle("/_control/", loopbackOnly(control))
}

func (s *Sandbox) setFaults(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControlBody))
	if err != nil {
		refuse(w, http.StatusBadRequest, "the faults could not be read: "+err.Error())
		return
	}
	faults, err := gate.ParseFaults(raw)
	if err == nil {
		err = s.SetFaults(faults)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]any{"status": "Ok", "faults": len(faults)})
}

func (s *Sandbox) setExchange(w http.ResponseWriter, r *http.Request) {
	var settings ExchangeSettings
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControlBody))
	dec.DisallowUnknownFields()
	err := dec.Decode(&settings)
	if err == nil {
		err = s.SetExchange(settings)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, `the settings must be like {"offers": ["NTLM"], "lockAfter": 5, "channelBinding": false}: `+err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]any{"status": "Ok"})
}

// loopbackOnly keeps control with the people on this machine: the peer must be
// loopback, the host asked for must be loopback (a rebound DNS name is not), and
// a browser must not have been sent by a page of another origin.
func loopbackOnly(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		switch {
		case err != nil || !peer.Addr().Unmap().IsLoopback():
			refuse(w, http.StatusForbidden, "control is for this machine only: call it from loopback")
		case !loopbackHost(r.Host):
			refuse(w, http.StatusForbidden, "control is for this machine only: call it as localhost or 127.0.0.1")
		case origins.Check(r) != nil:
			refuse(w, http.StatusForbidden, "control takes no requests from pages of other origins")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func loopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil { // no port
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func refuse(w http.ResponseWriter, status int, text string) {
	answer(w, status, map[string]any{"status": "Error", "error": text})
}

func answer(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "sandbox: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}

func (s *Sandbox) index(w http.ResponseWriter, _ *http.Request) {
	e, m, h, z := s.GoogleEndpoints(""), s.Office365Endpoints(""), s.HubspotEndpoints(""), s.ZohoEndpoints("")
	sf := s.SalesforceEndpoints("")
	index := page.Index{
		Vendors: []page.Vendor{{Name: "Google", Endpoints: []page.Line{
			{Term: "Authorize", Text: e.Authorize},
			{Term: "Token", Text: e.Token},
			{Term: "Revoke", Text: e.Revoke},
			{Term: "Userinfo", Text: e.Userinfo},
			{Term: "API", Text: e.API},
		}}, {Name: "Office365", Endpoints: []page.Line{
			{Term: "Authorize", Text: m.Authorize},
			{Term: "Token", Text: m.Token},
			{Term: "Admin consent", Text: microsoft.AdminConsentPath},
			{Term: "Identity", Text: m.Userinfo},
			{Term: "API (Microsoft Graph)", Text: m.API},
		}}, {Name: "Hubspot", Endpoints: []page.Line{
			{Term: "Authorize", Text: h.Authorize},
			{Term: "Token", Text: h.Token},
			{Term: "Revoke", Text: h.Revoke},
			{Term: "Introspection", Text: h.Userinfo},
			{Term: "API", Text: h.API},
		}}, {Name: "Zoho", Endpoints: []page.Line{
			{Term: "Authorize", Text: z.Authorize},
			{Term: "Token", Text: z.Token},
			{Term: "Revoke", Text: z.Revoke},
			{Term: "Userinfo", Text: z.Userinfo},
			{Term: "Other data centres", Text: "the same below /zoho/eu, /zoho/in and so on; the callback names the person's"},
		}}, {Name: "Salesforce", Endpoints: []page.Line{
			{Term: "Authorize", Text: sf.Authorize},
			{Term: "Token", Text: sf.Token},
			{Term: "Revoke", Text: sf.Revoke},
			{Term: "Instance (ada)", Text: SalesforceInstance("ada")},
		}}},
		Control: []page.Line{
			{Term: "GET /_control/stats", Text: "the calls so far, by vendor and endpoint"},
			{Term: "POST /_control/expire", Text: "every access token issued so far becomes invalid"},
			{Term: "POST /_control/faults", Text: "makes endpoints fail; a wrong body is answered with what is allowed"},
			{Term: "DELETE /_control/faults", Text: "no more faults"},
			{Term: "POST /_control/exchange", Text: "how the Exchange Server is set up: its mechanisms, when it locks an account, Extended Protection"},
			{Term: "POST /_control/reset", Text: "forgets grants, statistics and faults"},
		},
	}
	for _, p := range ledger.Personas() {
		index.Personas = append(index.Personas, page.Choice{Key: p.Key, Name: p.Name, Email: p.Email})
	}
	for _, t := range ledger.KnownTags() {
		index.Tags = append(index.Tags, page.Line{Term: t.Name, Text: t.Does})
	}
	s.pages.Write(w, http.StatusOK, index)
}
