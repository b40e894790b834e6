package ews

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// maxDepth bounds how deep elements of an answer stand in each other; Exchange's are
// some ten deep.
const maxDepth = 64

// shallow hands tokens on, and no document types: those declare entities, which can
// stand for files or for gigabytes. (encoding/xml expands none of them, and would only
// say that it knows none of that name.)
type shallow struct {
	decoder *xml.Decoder
	depth   int
}

func (s *shallow) Token() (xml.Token, error) {
	token, err := s.decoder.RawToken()
	if err != nil {
		return nil, err
	}
	switch token.(type) {
	case xml.Directive:
		return nil, errors.New("a document type, which SOAP forbids")
	case xml.StartElement:
		if s.depth++; s.depth > maxDepth {
			return nil, fmt.Errorf("elements over %d deep", maxDepth)
		}
	case xml.EndElement:
		s.depth--
	}
	return token, nil
}

// parse reads one XML document.
func parse(text []byte, into any) error {
	raw := xml.NewDecoder(bytes.NewReader(text))
	// What is read is names and addresses; Exchange writes UTF-8.
	raw.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		if strings.EqualFold(charset, "utf-8") {
			return in, nil
		}
		return nil, errors.New("another charset than UTF-8")
	}
	err := xml.NewTokenDecoder(&shallow{decoder: raw}).Decode(into)
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) { // its words are the server's, which may be the password in pieces
		return fmt.Errorf("no XML, in line %d", syntax.Line)
	}
	return err
}

// escaped is text as it stands in an element.
func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder takes everything
	return b.String()
}

// inboxRequest asks for the inbox of the login, and for that of the address: where both
// are one folder, the address is the login's own.
func inboxRequest(email string) []byte {
	return []byte(`<?xml version="1.0" encoding="utf-8"?>` +
		`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">` +
		`<s:Header><t:RequestServerVersion Version="Exchange2010"/></s:Header><s:Body><m:GetFolder>` +
		`<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox"/>` +
		mailbox(email) + `</m:FolderIds></m:GetFolder></s:Body></s:Envelope>`)
}

func mailbox(email string) string {
	if email == "" {
		return ""
	}
	return `<t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>` + escaped(email) + `</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>`
}

// envelope is an answer of Exchange, of its web services or of autodiscover's. Names are
// matched without their namespaces, of which versions differ.
type envelope struct {
	XMLName xml.Name
	Body    struct {
		Fault   *soapFault `xml:"Fault"`
		Folders []struct {
			Code     string `xml:"ResponseCode"`
			Text     string `xml:"MessageText"`
			Detail   detail `xml:"MessageXml"`
			FolderID struct {
				ID string `xml:"Id,attr"`
			} `xml:"Folders>Folder>FolderId"`
		} `xml:"GetFolderResponse>ResponseMessages>GetFolderResponseMessage"`
		Settings *settingsResponse `xml:"GetUserSettingsResponseMessage>Response"`
	} `xml:"Body"`
}

type soapFault struct {
	Code   string `xml:"faultcode"`
	Text   string `xml:"faultstring"`
	Detail struct {
		Code   string `xml:"ResponseCode"`
		Detail detail `xml:"MessageXml"`
	} `xml:"detail"`
}

// detail holds what goes with a code: how long to wait.
type detail struct {
	Values []struct {
		Name  string `xml:"Name,attr"`
		Value string `xml:",chardata"`
	} `xml:"Value"`
}

// wait is how long the server wants to be left alone, at most an hour; 0 where it does
// not say.
func (d detail) wait() time.Duration {
	for _, v := range d.Values {
		if v.Name != "BackOffMilliseconds" {
			continue
		}
		if wait, err := time.ParseDuration(strings.TrimSpace(v.Value) + "ms"); err == nil && wait > 0 {
			return min(wait, time.Hour)
		}
	}
	return 0
}

// soap reads an answer that is to be an envelope.
func soap(text []byte) (envelope, error) {
	var e envelope
	if err := parse(text, &e); err != nil {
		return envelope{}, err
	}
	if e.XMLName.Local != "Envelope" {
		return envelope{}, errors.New("XML, but no envelope")
	}
	return e, nil
}
