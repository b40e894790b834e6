package exchange

import (
	"cmp"
	"net/http"
	"strconv"

	"github.com/avain-project/avain/internal/sandbox/gate"
)

// call is the body of a request; one of its parts is there.
type call struct {
	Body struct {
		GetFolder          *getFolder
		FindFolder         *findFolder
		FindItem           *findItem
		GetItem            *getItem
		CreateItem         *createItem
		ResolveNames       *resolveNames
		GetServerTimeZones *struct{}
		ConvertID          *struct{} `xml:"ConvertId"`
	}
}

// refusal is why an operation does not do what it was asked to.
type refusal struct{ code, text string }

func (r refusal) fine() bool { return r.code == "" }

// serve answers the web services.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, somebody who, _ gate.Fault) {
	if r.Method != http.MethodPost {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><title>Service</title><p>You have created a service.")) // what a browser sees
		return
	}
	if somebody.tag == tagBusy {
		serviceFault(w, gate.Fault{Error: "ErrorServerBusy", RetryAfter: "300"})
		return
	}
	var c call
	if err := read(w, r, &c); err != nil {
		serviceFault(w, gate.Fault{Error: "ErrorSchemaValidation", Description: "The request failed schema validation: " + err.Error()})
		return
	}
	b := c.Body
	switch {
	case b.GetFolder != nil:
		s.getFolder(w, somebody, b.GetFolder)
	case b.FindFolder != nil:
		s.findFolder(w, somebody, b.FindFolder)
	case b.FindItem != nil:
		s.findItem(w, somebody, b.FindItem)
	case b.GetItem != nil:
		s.getItem(w, somebody, b.GetItem)
	case b.CreateItem != nil:
		s.createItem(w, somebody, b.CreateItem)
	case b.ResolveNames != nil:
		s.resolveNames(w, somebody, b.ResolveNames)
	case b.GetServerTimeZones != nil:
		s.timeZones(w)
	case b.ConvertID != nil: // exchangelib asks for the version with it
		answer(w, "ConvertId", outcome("ConvertId", refusal{"ErrorInvalidIdMalformed", "Id is malformed."}))
	default:
		serviceFault(w, gate.Fault{Error: "ErrorInvalidRequest", Description: "The sandbox's Exchange does not know this operation."})
	}
}

// outcome is one entry of an operation's answer.
func outcome(operation string, no refusal, inner ...string) string {
	if !no.fine() {
		return node("m:"+operation+`ResponseMessage ResponseClass="Error"`,
			element("m:MessageText", no.text), element("m:ResponseCode", no.code), element("m:DescriptiveLinkKey", "0"))
	}
	return node("m:"+operation+`ResponseMessage ResponseClass="Success"`, append([]string{element("m:ResponseCode", "NoError")}, inner...)...)
}

// answer writes what came of an operation.
func answer(w http.ResponseWriter, operation string, outcomes ...string) {
	write(w, http.StatusOK, envelope(node("m:"+operation+"Response", node("m:ResponseMessages", outcomes...))))
}

// serviceFault writes a fault as the web services word it: as SOAP, with 500. RetryAfter
// in seconds becomes BackOffMilliseconds.
func serviceFault(w http.ResponseWriter, f gate.Fault) {
	if f.Error == "" && f.Status != 0 {
		plain(w, f)
		return
	}
	text := cmp.Or(f.Description, faultTexts()[f.Error], "The sandbox plays a fault.")
	detail := element(`e:ResponseCode xmlns:e="`+errorsSpace+`"`, f.Error) + element(`e:Message xmlns:e="`+errorsSpace+`"`, text)
	if seconds, err := strconv.Atoi(f.RetryAfter); err == nil {
		detail += node("t:MessageXml", element(`t:Value Name="BackOffMilliseconds"`, strconv.Itoa(seconds*1000)))
	}
	w.Header().Del("Retry-After") // Exchange says it in the body
	status := http.StatusInternalServerError
	if f.Status >= http.StatusInternalServerError {
		status = f.Status
	}
	write(w, status, envelope(node("s:Fault",
		element("faultcode", "t:"+f.Error), element(`faultstring xml:lang="en-US"`, text), node("detail", detail))))
}

func faultTexts() map[string]string {
	return map[string]string{
		"ErrorServerBusy": "The server cannot service this request right now. Try again later.",
	}
}
