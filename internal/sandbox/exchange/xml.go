package exchange

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Namespaces of the web services.
const (
	soapSpace     = "http://schemas.xmlsoap.org/soap/envelope/"
	messagesSpace = "http://schemas.microsoft.com/exchange/services/2006/messages"
	typesSpace    = "http://schemas.microsoft.com/exchange/services/2006/types"
	errorsSpace   = "http://schemas.microsoft.com/exchange/services/2006/errors"
)

const (
	xmlHeader  = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
	version    = "15.2.1544.11"
	maxRequest = 4 << 20
)

// element is an element with text in it; both are escaped.
func element(name, text string) string { return node(name, escaped(text)) }

// node is an element with others in it, which are written already. Attributes may stand
// behind the name.
func node(name string, inner ...string) string {
	tag, _, _ := strings.Cut(name, " ")
	return "<" + name + ">" + strings.Join(inner, "") + "</" + tag + ">"
}

// attribute is ` name="value"`.
func attribute(name, value string) string { return fmt.Sprintf(` %s="%s"`, name, escaped(value)) }

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}

// read reads a request. An XML declaration of types is skipped, never followed: Go's
// reader knows no entities but the five of XML.
func read(w http.ResponseWriter, r *http.Request, into any) error {
	return xml.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(into)
}

func write(w http.ResponseWriter, status int, document string) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Cache-Control", "private")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xmlHeader+document)
}

// envelope is a SOAP answer of the web services.
func envelope(body string) string {
	return node(`s:Envelope xmlns:s="`+soapSpace+`" xmlns:m="`+messagesSpace+`" xmlns:t="`+typesSpace+`"`,
		node("s:Header", node(`t:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="1544" MinorBuildNumber="11" Version="V2017_07_11"`)),
		node("s:Body", body))
}
