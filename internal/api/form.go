package api

import (
	"errors"
	"mime"
	"net/http"
	"net/url"

	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/weburl"
)

// FormPage is what the page shows that asks for a login.
type FormPage struct {
	Status                        int
	ApplicationName, ServiceTitle string
	Action                        string // path of this server
	Fields                        []provider.Field
	Scopes                        []scope.Scope // what the application asks for
	CancelURL                     string        // back to the application
	// Message says what is wrong with the form that was sent, in sentences; empty for a
	// form that nobody has sent yet. Wrong is the field it is about; "" for none.
	Message, Wrong  string
	Code, RequestID string
}

// DonePage leads the browser of a form on to the application.
type DonePage struct {
	Status          int
	ApplicationName string
	Location        string
	Message         string // what went wrong; empty where nothing did
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
	s.led(w, r, s.Connect.SubmitForm(r.Context(), connect.FormSubmission{
		At: note(r).at, RawQuery: r.URL.RawQuery, Values: values, Browser: browser(r),
		Admit: func(applicationID string, mailboxes []string) error {
			note(r).application = applicationID
			return s.logins.draw(applicationID, mailboxes, address)
		},
	}))
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

// led is follow for the answer to a form: it never redirects, since a browser holds the
// whole chain of redirects behind a form against the page's policy. Our own page leads
// on instead.
func (s *Server) led(w http.ResponseWriter, r *http.Request, out connect.Outcome) {
	reads := acceptsHTML(r)
	switch {
	case out.Location == "", reads && out.Page != connect.PageFault && out.Page != connect.PageDone:
		s.follow(w, r, out)
	case !reads && out.Fault != nil:
		s.fail(w, r, out.Fault)
	case !reads:
		writeJSON(w, http.StatusOK, ledOn{Location: out.Location})
	default:
		page := DonePage{Status: http.StatusOK, ApplicationName: out.ApplicationName, Location: out.Location}
		if out.Fault != nil {
			page.Message = s.noted(w, r, out.Fault).Message()
		}
		s.Pages.Done(w, page)
	}
}

// ledOn is what a program gets that has sent the form: where the browser would go.
type ledOn struct {
	Location string `json:"location"`
}

// drawForm writes the sign-in page, fresh or with what is wrong.
func (s *Server) drawForm(w http.ResponseWriter, r *http.Request, out connect.Outcome) {
	page := FormPage{
		Status: http.StatusOK, ApplicationName: out.ApplicationName, ServiceTitle: out.ServiceTitle,
		Action: out.Form.Action, Fields: out.Form.Fields, Scopes: out.Form.Scopes, CancelURL: out.Back,
	}
	if out.Fault.Code != fault.FormPage {
		f := s.noted(w, r, out.Fault)
		page.Status, page.Message, page.Wrong = statuses[f.Kind()], f.Message(), out.Form.Wrong
		page.Code, page.RequestID = string(f.Code), note(r).requestID
	}
	s.Pages.Form(w, page)
}

func brokenForm(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.Newf(fault.BodyTooLarge, "At most %d bytes.", tooLarge.Limit)
	}
	return fault.New(fault.ParameterInvalid, "It is the body; it broke off, or its percent signs are wrong.")
}
