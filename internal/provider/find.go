package provider

import (
	"context"
	"time"

	"github.com/avain-project/avain/internal/account"
)

// FindTimeout bounds one search: a person waits for it.
const FindTimeout = 10 * time.Second

// Finder is a Former that finds the way from its first field, before anybody types a
// password: most people know their address, and few the name of its server.
type Finder interface {
	Former
	// Find looks for the way. It sends the domain alone, never the address, and no
	// credential, and ends with the context at the latest. Form has every field that was
	// typed, and no password; a field that the person has filled in stays as it is.
	//
	// A search that ends without a result is the zero Way, or an *Error that says more
	// to the person. In either case they go on by hand.
	Find(context.Context, account.Registration, Form) (Way, error)
}

// Way is where a person goes on. At most one of Elsewhere and Redirect is set; with
// neither, it is the form, filled in with Values.
type Way struct {
	// Elsewhere is the service whose sign-in is this person's: an address at gmail.com
	// leads to Google's.
	Elsewhere account.ServiceType
	// Redirect is where the person signs in at the provider's own page: the driver is a
	// Redirector as well, and its authorize page is at that place.
	Redirect *Place
	// Values are what was found, by the names of the fields.
	Values map[string]string
	// Unsure is why the person must look at the server that is named before the
	// password goes there, in a sentence: it is a guess, say, or of another domain.
	// Empty where nobody can have forged it, and the address's own domain says so.
	Unsure string
	// Source is where the answer comes from, for the page and the log, without a full
	// stop: "the domain's own settings".
	Source string
}

// Found tells whether the way leads anywhere.
func (w Way) Found() bool { return w.Elsewhere != "" || w.Redirect != nil || len(w.Values) > 0 }
