package exchange

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/gate"
)

// Namespaces of autodiscover.
const (
	poxSpace     = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
	outlookSpace = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
	soapADSpace  = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
)

// found is what autodiscover has to say about an address: one of the three.
type found struct {
	ews   string // where the web services are
	refer string // go on at this URL, or with this address
	no    string // it knows nobody of that name
}

// lookUp finds the address. The fault's Location stands in place of the truth.
func lookUp(at *Running, r *http.Request, address string, fault gate.Fault) found {
	if fault.Kind == gate.Refers {
		return found{refer: cmp.Or(fault.Location, at.address(r, r.URL.Path))}
	}
	if _, _, known := find("", address); !known || !strings.Contains(address, "@") {
		return found{no: "The email address can't be found."}
	}
	if fault.Kind == gate.Names {
		return found{ews: fault.Location}
	}
	return found{ews: at.address(r, EWSPath)}
}

// pox answers autodiscover in plain XML, as Outlook 2007 asked it.
func (s *Server) pox(at *Running) func(http.ResponseWriter, *http.Request, who, gate.Fault) {
	return func(w http.ResponseWriter, r *http.Request, somebody who, fault gate.Fault) {
		var call struct {
			Request struct{ EMailAddress string }
		}
		if r.Method != http.MethodPost || read(w, r, &call) != nil || call.Request.EMailAddress == "" {
			poxError(w, "600", "Invalid Request")
			return
		}
		is := lookUp(at, r, call.Request.EMailAddress, fault)
		if is.no != "" {
			poxError(w, "500", is.no)
			return
		}
		account := element("Action", "redirectUrl") + element("RedirectUrl", is.refer)
		switch {
		case is.ews != "":
			account = element("AccountType", "email") + element("Action", "settings") + element("MicrosoftOnline", "False") +
				protocol("EXCH", is.ews) + protocol("EXPR", is.ews)
		case !strings.Contains(is.refer, "://"):
			account = element("Action", "redirectAddr") + element("RedirectAddr", is.refer)
		}
		writePOX(w, outlookSpace, node("User", element("DisplayName", somebody.Name), element("AutoDiscoverSMTPAddress", call.Request.EMailAddress))+
			node("Account", account))
	}
}

func protocol(kind, ews string) string {
	return node("Protocol", element("Type", kind), element("Server", Host), element("EwsUrl", ews), element("ASUrl", ews))
}

// poxError refuses, in another namespace than what is found.
func poxError(w http.ResponseWriter, code, text string) {
	writePOX(w, poxSpace, node(`Error Time="12:00:00.0000000" Id="1"`, element("ErrorCode", code), element("Message", text), element("DebugData", "")))
}

func writePOX(w http.ResponseWriter, space, inner string) {
	write(w, http.StatusOK, node(`Autodiscover xmlns="`+poxSpace+`"`, node(`Response xmlns="`+space+`"`, inner)))
}

// soap answers GetUserSettings of autodiscover's web service.
func (s *Server) soap(at *Running) func(http.ResponseWriter, *http.Request, who, gate.Fault) {
	return func(w http.ResponseWriter, r *http.Request, _ who, fault gate.Fault) {
		var call struct {
			Body struct {
				Message struct {
					Users  []string `xml:"Request>Users>User>Mailbox"`
					Wanted []string `xml:"Request>RequestedSettings>Setting"`
				} `xml:"GetUserSettingsRequestMessage"`
			}
		}
		if r.Method != http.MethodPost || read(w, r, &call) != nil || len(call.Body.Message.Users) == 0 || len(call.Body.Message.Wanted) == 0 {
			writeSettings(w, element("a:ErrorCode", "InvalidRequest"), element("a:ErrorMessage", "The request is not valid."))
			return
		}
		var users []string
		for _, address := range call.Body.Message.Users {
			users = append(users, userResponse(lookUp(at, r, address, fault), address, call.Body.Message.Wanted))
		}
		writeSettings(w, element("a:ErrorCode", "NoError"), element("a:ErrorMessage", ""), node("a:UserResponses", users...))
	}
}

// userResponse answers for one address, with what of the wanted settings there is.
func userResponse(is found, address string, wanted []string) string {
	code, target, settings := "NoError", `<a:RedirectTarget i:nil="true"/>`, ""
	switch {
	case is.no != "":
		code = "InvalidUser"
	case is.refer != "":
		code, target = "RedirectAddress", element("a:RedirectTarget", is.refer)
		if strings.Contains(is.refer, "://") {
			code = "RedirectUrl"
		}
	default:
		known := map[string]string{
			"InternalEwsUrl": is.ews, "ExternalEwsUrl": is.ews, "AutoDiscoverSMTPAddress": address,
			"EwsSupportedSchemas": "Exchange2007, Exchange2007_SP1, Exchange2010, Exchange2010_SP1, Exchange2010_SP2, Exchange2013, Exchange2013_SP1",
		}
		for _, name := range wanted {
			if value, ok := known[name]; ok {
				settings += node(`a:UserSetting i:type="a:StringSetting"`, element("a:Name", name), element("a:Value", value))
			}
		}
	}
	return node("a:UserResponse", element("a:ErrorCode", code), element("a:ErrorMessage", cmp.Or(is.no, "No error.")), target,
		node("a:UserSettingErrors"), node("a:UserSettings", settings))
}

func writeSettings(w http.ResponseWriter, inner ...string) {
	write(w, http.StatusOK, node(`s:Envelope xmlns:s="`+soapSpace+`" xmlns:a="`+soapADSpace+`" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"`,
		node("s:Body", node("a:GetUserSettingsResponseMessage", node("a:Response", inner...)))))
}
