package app

import (
	"net/http"

	"github.com/avain-project/avain/internal/api"
	"github.com/avain-project/avain/internal/signin"
)

// faces lets one face draw the other's pages; they do not know each other.
type faces struct{ *signin.Pages }

func (f faces) Error(w http.ResponseWriter, l api.Look, p api.ErrorPage) {
	f.Pages.Error(w, signin.Look(l), signin.ErrorPage(p))
}

func (f faces) Choose(w http.ResponseWriter, l api.Look, p api.ChoosePage) {
	f.Pages.Choose(w, signin.Look(l), signin.ChoosePage(p))
}

func (f faces) Partial(w http.ResponseWriter, l api.Look, p api.PartialPage) {
	f.Pages.Partial(w, signin.Look(l), signin.PartialPage(p))
}

func (f faces) Admin(w http.ResponseWriter, l api.Look, p api.AdminPage) {
	f.Pages.Admin(w, signin.Look(l), signin.AdminPage(p))
}

func (f faces) Form(w http.ResponseWriter, l api.Look, p api.FormPage) {
	f.Pages.Form(w, signin.Look(l), signin.FormPage(p))
}

func (f faces) Done(w http.ResponseWriter, l api.Look, p api.DonePage) {
	f.Pages.Done(w, signin.Look(l), signin.DonePage(p))
}

func (f faces) End(w http.ResponseWriter, l api.Look, p api.EndPage) {
	f.Pages.End(w, signin.Look(l), signin.EndPage(p))
}

func (f faces) Approved(w http.ResponseWriter, l api.Look) { f.Pages.Approved(w, signin.Look(l)) }
