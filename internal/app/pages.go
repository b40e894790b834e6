package app

import (
	"net/http"

	"github.com/avain-project/avain/internal/api"
	"github.com/avain-project/avain/internal/signin"
)

// faces lets one face draw the other's pages; they do not know each other.
type faces struct{ *signin.Pages }

func (f faces) Error(w http.ResponseWriter, p api.ErrorPage) { f.Pages.Error(w, signin.ErrorPage(p)) }

func (f faces) Partial(w http.ResponseWriter, p api.PartialPage) {
	f.Pages.Partial(w, signin.PartialPage(p))
}

func (f faces) Admin(w http.ResponseWriter, p api.AdminPage) { f.Pages.Admin(w, signin.AdminPage(p)) }

func (f faces) Form(w http.ResponseWriter, p api.FormPage) { f.Pages.Form(w, signin.FormPage(p)) }

func (f faces) Done(w http.ResponseWriter, p api.DonePage) { f.Pages.Done(w, signin.DonePage(p)) }

func (f faces) Choose(w http.ResponseWriter, p api.ChoosePage) {
	f.Pages.Choose(w, signin.ChoosePage(p))
}
