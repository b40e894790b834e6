package zoho

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// Centres are the names of the data centres.
func Centres() []string { return []string{"us", "eu", "in", "au", "jp", "ca", "sa", "uk", "cn"} }

// HomeCentre is where a persona's account is, by the persona's key.
func HomeCentre(key string) string {
	if key == "ada" {
		return "eu"
	}
	return "in"
}

// atHome is the persona in its centre. A grant is of one centre.
func atHome(p ledger.Persona) ledger.Persona {
	p.Tenant = HomeCentre(p.Key)
	return p
}

// zuid is the person's user id, a number.
func zuid(p ledger.Persona) int {
	n, _ := strconv.Atoi(p.Subject[:9]) // digits, always
	return n
}

// mailID is the id of the person's mailbox.
func mailID(p ledger.Persona) string { return p.Subject[:19] }

// accounts is a centre's accounts server, by the name the caller used.
func accounts(r *http.Request, centre string) string { return base(r) + Prefix + "/" + centre }

func base(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// inCentre lets requests through whose path names a centre.
func inCentre(next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(Centres(), r.PathValue("centre")) {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	}
}
