package ews

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/logintext"
)

// maxHops is how many times a sign-in lets itself be sent on.
const maxHops = 10

// walk is the way of one sign-in, from what was typed to the web services. Servers on
// it name the next one; the password goes along only where the person could know.
type walk struct {
	driver *Provider
	typed  typed
	at     place
	email  string // asked about; autodiscover may name another
	// own: what has led here is the word of the address's own domain, over https.
	own  bool
	seen map[string]bool
}

func (p *Provider) newWalk(t typed) *walk {
	return &walk{driver: p, typed: t, at: t.server, email: t.email, seen: map[string]bool{}}
}

// proof is what the end of a walk has shown.
type proof struct {
	at  place
	own bool // the address is that of the login's own mailbox, by the domain's own word
}

// toInbox walks until a server has shown the inbox.
func (w *walk) toInbox(ctx context.Context) (proof, error) {
	if err := w.begin(ctx); err != nil {
		return proof{}, err
	}
	for {
		if err := w.enter(); err != nil {
			return proof{}, err
		}
		if !w.at.autodiscovers() {
			shown, to, err := w.driver.inbox(ctx, w.at, w.typed.login, w.email)
			if err != nil || to == "" {
				return proof{w.at, w.own && shown && strings.EqualFold(w.email, w.typed.email)}, err
			}
			if err := w.follow(to, false); err != nil {
				return proof{}, err
			}
			continue
		}
		said, err := w.ask(ctx)
		if err != nil {
			return proof{}, err
		}
		if err := w.turn(ctx, said); err != nil {
			return proof{}, err
		}
	}
}

// begin finds the place where nobody has named one, and judges the first.
func (w *walk) begin(ctx context.Context) error {
	if w.at.host == "" {
		found, at, err := w.driver.lookFor(ctx, w.typed.domain)
		switch {
		case err != nil:
			return err
		case at.host == "":
			return elsewhere(w.typed.domain)
		}
		if w.at = at; found.Unsure != "" {
			return w.unconfirmed(found.Unsure)
		}
	}
	w.own = w.at.speaksFor(w.typed.domain)
	return nil
}

// enter counts a place, before anything is sent there.
func (w *walk) enter() error {
	if online(w.at.host) {
		return elsewhere(w.at.host)
	}
	step := strings.ToLower(w.at.String() + " " + w.email)
	if w.seen[step] || len(w.seen) > maxHops {
		return trouble(w.at.host).of(circle, fmt.Errorf("after %d hops", len(w.seen)))
	}
	w.seen[step] = true
	return nil
}

// turn goes where autodiscover says.
func (w *walk) turn(ctx context.Context, said direction) error {
	switch {
	case said.ews != "":
		return w.follow(said.ews, false)
	case said.url != "":
		return w.follow(said.url, true)
	}
	domain, ok := logintext.Domain(said.address)
	if !ok {
		return trouble(w.at.host).of(nonsense, fmt.Errorf("it names the address %s", quote(said.address)))
	}
	before := w.at.host
	found, at, err := w.driver.lookFor(ctx, domain)
	switch {
	case err != nil:
		return err
	case at.host == "":
		return elsewhere(domain)
	}
	w.at, w.email, w.own = at, said.address, false
	if found.Unsure == "" && !related(domain, w.typed.domain) {
		found.Unsure = fmt.Sprintf("%s says that this mailbox is at another domain, %s.", before, domain)
	}
	if found.Unsure != "" {
		return w.unconfirmed(found.Unsure)
	}
	return nil
}

// follow judges where a server leads: over https alone, and to another owner's server
// only once the person has seen its name.
func (w *walk) follow(to string, autodiscovers bool) error {
	next, ok := parsePlace(to)
	switch u, err := url.Parse(to); {
	case err == nil && u.Scheme == "http":
		return trouble(w.at.host).of(unprotected, fmt.Errorf("it leads to %s", quote(to)))
	case !ok, err != nil:
		return trouble(w.at.host).of(nonsense, fmt.Errorf("it leads to %s", quote(to)))
	}
	if autodiscovers {
		next.path = ""
	}
	before := w.at.host
	w.at = next
	if !online(next.host) && !related(next.host, w.typed.domain) && !related(next.host, before) {
		return w.unconfirmed(fmt.Sprintf("%s names a server of another domain, %s.", before, next.host))
	}
	return nil
}

// unconfirmed asks the person to look at the place that the walk has come to.
func (w *walk) unconfirmed(why string) error {
	e := trouble(w.at.host).of(unseen, errors.New(why))
	e.Way = provider.Way{Values: map[string]string{fieldServer: w.at.String()}, Unsure: why}
	if !strings.EqualFold(w.email, w.typed.email) {
		e.Way.Values[fieldEmail], e.Way.Values[fieldUsername] = w.email, w.typed.login.Username
	}
	return e
}

// elsewhere is for mailboxes of Exchange Online, before the password goes there.
func elsewhere(host string) error {
	e := trouble(host).of(cloud, nil)
	e.Way = provider.Way{Elsewhere: account.Office365}
	return e
}

// redirected is where an HTTP redirect leads, in full; "" for no redirect.
func redirected(a answer, from string) string {
	switch a.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return ""
	}
	base, err := url.Parse(from)
	if err != nil {
		return ""
	}
	to, err := base.Parse(a.header.Get("Location"))
	if err != nil || a.header.Get("Location") == "" {
		return "://"
	}
	return to.String()
}
