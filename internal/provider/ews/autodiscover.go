package ews

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/avain-project/avain/internal/provider"
)

// Autodiscover tells a logged-in person where the web services of a mailbox are, or whom
// to ask instead: [MS-OXWSADISC] by SOAP, [MS-OXDSCLI] by plain old XML, which every
// Exchange has.

// The settings of the SOAP service: from outside of the organization's network, we want
// what it offers there, and the other only where that is all there is.
const (
	externalURL = "ExternalEwsUrl"
	internalURL = "InternalEwsUrl"
)

// direction is what autodiscover says: one of the three.
type direction struct {
	ews     string // the web services' address
	url     string // of another autodiscover service
	address string // of the person, under which to ask anew
}

func (d direction) empty() bool { return d == direction{} }

// ask logs in at an autodiscover service and asks for the address: by SOAP, else by POX.
// A refused login ends it.
func (w *walk) ask(ctx context.Context) (direction, error) {
	origin, found := w.at.origin(), error(nil)
	for _, service := range []struct {
		path    string
		request []byte
		read    func(answer) (direction, error)
	}{
		{soapPath, settingsRequest(origin+soapPath, w.email), readSettings},
		{poxPath, poxRequest(w.email), readPOX},
	} {
		l, said, err := w.driver.signOn(ctx, origin+service.path, w.typed.login, service.request)
		var open *noLogin
		switch {
		case errors.As(err, &open):
			if to := redirected(open.answer, origin+service.path); to != "" {
				return direction{url: to}, nil
			}
			found = err
			continue // not there, or not behind a login: the other may be
		case err != nil:
			return direction{}, err
		}
		l.close()
		d, err := l.direction(said, origin+service.path, service.read)
		if err == nil || !errors.Is(err, errElsewise) {
			return d, err
		}
		found = err
	}
	return direction{}, trouble(w.at.host).of(noAutodiscover, found)
}

// errElsewise: this service cannot tell, the other may.
var errElsewise = errors.New("the service does not answer the question")

func (l *line) direction(said answer, address string, read func(answer) (direction, error)) (direction, error) {
	if to := redirected(said, address); to != "" {
		return direction{url: to}, nil
	}
	if k, ok := byStatus(said.status); ok && k.class == provider.Later && said.status != http.StatusInternalServerError {
		return direction{}, l.later(k, said)
	}
	d, err := read(said)
	var code *autodiscoverCode
	switch {
	case errors.As(err, &code):
		return direction{}, code.explain(l)
	case err != nil, d.empty():
		return direction{}, fmt.Errorf("%w: %w", errElsewise, errors.Join(err, l.said(said)))
	}
	return d, nil
}

// settingsRequest is GetUserSettings (MS-OXWSADISC §3.1.4.6).
func settingsRequest(to, email string) []byte {
	return []byte(`<?xml version="1.0" encoding="utf-8"?>` +
		`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="http://schemas.microsoft.com/exchange/2010/Autodiscover" xmlns:wsa="http://www.w3.org/2005/08/addressing">` +
		`<s:Header><a:RequestedServerVersion>Exchange2010</a:RequestedServerVersion>` +
		`<wsa:Action>http://schemas.microsoft.com/exchange/2010/Autodiscover/Autodiscover/GetUserSettings</wsa:Action><wsa:To>` + escaped(to) + `</wsa:To></s:Header>` +
		`<s:Body><a:GetUserSettingsRequestMessage><a:Request><a:Users><a:User><a:Mailbox>` + escaped(email) + `</a:Mailbox></a:User></a:Users>` +
		`<a:RequestedSettings><a:Setting>` + externalURL + `</a:Setting><a:Setting>` + internalURL + `</a:Setting></a:RequestedSettings>` +
		`</a:Request></a:GetUserSettingsRequestMessage></s:Body></s:Envelope>`)
}

type settingsResponse struct {
	Code  string `xml:"ErrorCode"`
	Users []struct {
		Code     string `xml:"ErrorCode"`
		Redirect string `xml:"RedirectTarget"`
		Settings []struct {
			Name  string `xml:"Name"`
			Value string `xml:"Value"`
		} `xml:"UserSettings>UserSetting"`
	} `xml:"UserResponses>UserResponse"`
}

func readSettings(said answer) (direction, error) {
	e, err := soap(said.body)
	switch {
	case err != nil:
		return direction{}, err
	case e.Body.Settings == nil, len(e.Body.Settings.Users) == 0:
		return direction{}, errors.New("no settings")
	case e.Body.Settings.Code != "NoError" && e.Body.Settings.Code != "":
		return direction{}, &autodiscoverCode{e.Body.Settings.Code}
	}
	user := e.Body.Settings.Users[0]
	switch user.Code {
	case "NoError", "":
	case "RedirectAddress":
		return direction{address: strings.TrimSpace(user.Redirect)}, nil
	case "RedirectUrl":
		return direction{url: strings.TrimSpace(user.Redirect)}, nil
	default:
		return direction{}, &autodiscoverCode{user.Code}
	}
	values := map[string]string{}
	for _, s := range user.Settings {
		values[s.Name] = strings.TrimSpace(s.Value)
	}
	return direction{ews: firstOf(values[externalURL], values[internalURL])}, nil
}

// poxRequest is the request of MS-OXDSCLI §2.2.3.
func poxRequest(email string) []byte {
	return []byte(`<?xml version="1.0" encoding="utf-8"?>` +
		`<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>` + escaped(email) +
		`</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`)
}

type poxResponse struct {
	XMLName xml.Name
	Error   *struct {
		Code string `xml:"ErrorCode"`
	} `xml:"Response>Error"`
	Account struct {
		Address   string `xml:"RedirectAddr"`
		URL       string `xml:"RedirectUrl"`
		Protocols []struct {
			Type string `xml:"Type"`
			EWS  string `xml:"EwsUrl"`
		} `xml:"Protocol"`
	} `xml:"Response>Account"`
}

func readPOX(said answer) (direction, error) {
	var r poxResponse
	if err := parse(said.body, &r); err != nil {
		return direction{}, err
	}
	if r.XMLName.Local != "Autodiscover" {
		return direction{}, errors.New("XML, but no settings")
	}
	if r.Error != nil {
		return direction{}, &autodiscoverCode{r.Error.Code}
	}
	byType := map[string]string{}
	for _, p := range r.Account.Protocols {
		byType[p.Type] = firstOf(byType[p.Type], strings.TrimSpace(p.EWS))
	}
	// EXPR and EXHTTP are for the outside, EXCH for the inside.
	d := direction{ews: firstOf(byType["EXPR"], byType["EXHTTP"], byType["EXCH"])}
	if d.empty() {
		d.url = strings.TrimSpace(r.Account.URL)
	}
	if d.empty() {
		d.address = strings.TrimSpace(r.Account.Address)
	}
	return d, nil
}

// autodiscoverCode is why a service gives no settings: a word by SOAP, a number by POX.
type autodiscoverCode struct{ code string }

func (e *autodiscoverCode) Error() string { return "autodiscover answers " + quote(e.code) }

func (e *autodiscoverCode) explain(l *line) error {
	switch e.code {
	case "ServerBusy", "InternalServerError", "603": // [MS-OXDSCLI] §2.2.4.1.1.3.1: a passing failure
		return trouble(l.host).of(busy, e)
	case "InvalidUser", "InvalidDomain", "500", "501":
		return trouble(l.host).of(noSuchMailbox, e)
	}
	return fmt.Errorf("%w: %w", errElsewise, e)
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
