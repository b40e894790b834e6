package api

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/weburl"
)

// FormPage is what the page shows that asks for a login, or for what comes before it.
type FormPage struct {
	Status       int
	ServiceType  account.ServiceType
	ServiceTitle string
	Form         connect.Form
	CancelURL    string // back to the application
	// Message says what is wrong with the form that was sent, in sentences; empty for a
	// form that nobody has sent yet. Detail is its end, which belongs to this one case.
	// Form.Wrong is the field it is about.
	Message, Detail string
	Code, RequestID string
	RetryAfter      time.Duration // where positive, how long to wait
}

// DonePage leads the browser of a form on to the application.
type DonePage struct {
	Status   int
	Location string
	// Code, Message and Detail are what went wrong; empty where nothing did.
	Code, Message, Detail string
	// Onward: the sign-in is not done yet, and goes on at Location. ServiceTitle is the
	// service that it goes on at; empty for a question of our own.
	Onward       bool
	ServiceTitle string
	ToForm       bool // that service's sign-in is a page of ours, too
}

// showForm shows the sign-in page.
func (s *Server) showForm(w http.ResponseWriter, r *http.Request) {
	s.follow(w, r, s.Connect.ShowForm(r.Context(), r.URL.RawQuery, browser(r)))
}

// submitForm takes the page back, filled in.
func (s *Server) submitForm(w http.ResponseWriter, r *http.Request) {
	values, err := s.formValues(r)
	if err != nil {
		s.show(w, r, connect.Outcome{Fault: fault.From(err)})
		return
	}
	address := s.addressOf(r)
	out := s.Connect.SubmitForm(r.Context(), connect.FormSubmission{
		At: note(r).at, RawQuery: r.URL.RawQuery, Values: values, Browser: browser(r),
		Admit: func(applicationID string, mailboxes []string) error {
			note(r).application = applicationID
			return s.logins.draw(applicationID, mailboxes, address)
		},
		AdmitSearch: func(applicationID string) error {
			note(r).application = applicationID
			return s.searches.draw(applicationID, nil, address)
		},
	})
	note(r).source = out.Source
	s.led(w, r, out)
}

// formValues reads a form that our own page has sent: another site's could sign a
// person in to a mailbox of its own.
func (s *Server) formValues(r *http.Request) (url.Values, error) {
	if !sentByUs(r) {
		return nil, fault.New(fault.FormForeign, "")
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/x-www-form-urlencoded" {
		return nil, fault.New(fault.ParameterInvalid, "It is the body; application/x-www-form-urlencoded.")
	}
	if err := r.ParseForm(); err != nil { // PostForm alone is read: a password is never in the address
		return nil, brokenForm(err)
	}
	return r.PostForm, nil
}

// sentByUs tells by the headers that browsers set and pages cannot. All of them that
// are there must say so, and one must be there.
func sentByUs(r *http.Request) bool {
	origin, site := r.Header.Values("Origin"), r.Header.Values("Sec-Fetch-Site")
	for _, o := range origin {
		if weburl.Origin(o) != weburl.Origin(note(r).at.String()) {
			return false
		}
	}
	for _, f := range site {
		if f != "same-origin" {
			return false
		}
	}
	return len(origin)+len(site) > 0
}

// led is follow for the answer to a form: it never redirects to another host, since a
// browser holds the whole chain of redirects behind a form against the page's policy.
// Our own page leads on instead.
func (s *Server) led(w http.ResponseWriter, r *http.Request, out connect.Outcome) {
	reads := acceptsHTML(r)
	if err := s.keepSession(w, r, out.Session); err != nil {
		s.show(w, r, connect.Outcome{Fault: fault.From(err), ApplicationName: out.ApplicationName, Brand: out.Brand})
		return
	}
	out.Session = connect.Session{} // kept
	switch {
	case out.Page == connect.PageFound && reads:
		w.Header().Set("Location", out.Location)
		w.WriteHeader(http.StatusSeeOther)
	case out.Location == "", reads && !leadsOn(out.Page):
		s.follow(w, r, out)
	case !reads && out.Fault != nil:
		s.fail(w, r, out.Fault)
	case !reads:
		writeJSON(w, http.StatusOK, ledOn{Location: out.Location})
	default:
		page := DonePage{
			Status: http.StatusOK, Location: out.Location,
			Onward: out.Page == connect.PageOnward, ServiceTitle: out.ServiceTitle, ToForm: out.OnwardToForm,
		}
		if out.Fault != nil {
			f := s.noted(w, r, out.Fault)
			page.Code, page.Message, page.Detail = string(f.Code), f.Message(), f.Detail
		}
		s.Pages.Done(w, look(r, out), page)
	}
}

// leadsOn tells the pages that follow a form and lead on by themselves; a failure that
// has no page of its own is told to the application.
func leadsOn(p connect.Page) bool {
	return p == connect.PageDone || p == connect.PageOnward || p == connect.PageFault
}

// ledOn is what a program gets that has sent the form: where the browser would go.
type ledOn struct {
	Location string `json:"location"`
}

// drawForm writes the sign-in page, fresh or with what is wrong.
func (s *Server) drawForm(w http.ResponseWriter, r *http.Request, out connect.Outcome) {
	page := FormPage{
		Status: http.StatusOK, ServiceType: out.ServiceType, ServiceTitle: out.ServiceTitle,
		Form: out.Form, CancelURL: out.Back,
	}
	if out.Fault.Code != fault.FormPage {
		f := s.noted(w, r, out.Fault)
		page.Status, page.RetryAfter = statuses[f.Kind()], f.RetryAfter
		page.Message, page.Detail = f.Message(), f.Detail
		page.Code, page.RequestID = string(f.Code), note(r).requestID
	}
	s.Pages.Form(w, look(r, out), page)
}

func brokenForm(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.Newf(fault.BodyTooLarge, "At most %d bytes.", tooLarge.Limit)
	}
	return fault.New(fault.ParameterInvalid, "It is the body; it broke off, or its percent signs are wrong.")
}
