package signin

import (
	"net/http"
	"slices"

	"github.com/avain-project/avain/internal/scope"
)

// PartialPage asks a person who gave less access than was asked for. The choices are
// paths of this server.
type PartialPage struct {
	ServiceTitle          string
	Email                 string // who signed in; it may be empty
	Missing               []scope.Scope
	MissingNative         []string // the provider's own scopes, as it spells them
	RestURL               string   // empty: that has been tried
	WithoutURL, CancelURL string
}

// partialView is what partial.html shows.
type partialView struct {
	words
	Application, Service, Email    string
	Missing, MissingNative         []string
	RestURL, WithoutURL, CancelURL string
}

// Partial writes headers, status and body of the question.
func (p *Pages) Partial(w http.ResponseWriter, look Look, page PartialPage) {
	text := p.words(look)
	v := partialView{
		words: text, Application: text.named(look.ApplicationName), Service: page.ServiceTitle, Email: page.Email, MissingNative: page.MissingNative,
		RestURL: ownPath(page.RestURL), WithoutURL: ownPath(page.WithoutURL), CancelURL: ownPath(page.CancelURL),
	}
	for _, s := range page.Missing {
		v.Missing = append(v.Missing, text.scope(s))
	}
	p.draw(w, sheet{look: look, status: http.StatusOK, name: "partial", title: text.Text("partial.title"), view: v})
}

// scope says what a scope allows, as a person would.
func (l words) scope(s scope.Scope) string {
	if slices.Contains(scope.All(), s) {
		return l.Text("scope." + string(s))
	}
	return string(s)
}
