package sample

import (
	"context"
	"encoding/xml"
	"net/http"
	"strings"
)

// An Exchange has one address, to which all questions go as SOAP.
const exchangePath = "/v1/direct/EWS/Exchange.asmx"

// inboxQuestion asks for the newest five messages of the inbox.
const inboxQuestion = `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>` +
	`<t:FieldURI FieldURI="item:Subject"/><t:FieldURI FieldURI="item:DateTimeReceived"/><t:FieldURI FieldURI="message:From"/></t:AdditionalProperties></m:ItemShape>` +
	`<m:IndexedPageItemView MaxEntriesReturned="5" Offset="0" BasePoint="Beginning"/>` +
	`<m:SortOrder><t:FieldOrder Order="Descending"><t:FieldURI FieldURI="item:DateTimeReceived"/></t:FieldOrder></m:SortOrder>` +
	`<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>`

// inbox reads them from an Exchange server.
func (a *application) inbox(ctx context.Context, auth func(*http.Request), calls *[]call) ([]message, error) {
	var answer struct {
		Code     string `xml:"Body>FindItemResponse>ResponseMessages>FindItemResponseMessage>ResponseCode"`
		Messages []struct {
			Subject  string `xml:"Subject"`
			Received string `xml:"DateTimeReceived"`
			Name     string `xml:"From>Mailbox>Name"`
			Address  string `xml:"From>Mailbox>EmailAddress"`
		} `xml:"Body>FindItemResponse>ResponseMessages>FindItemResponseMessage>RootFolder>Items>Message"`
	}
	err := a.avain.do(ctx, calls, request{method: http.MethodPost, path: exchangePath, auth: auth, body: strings.NewReader(soap(inboxQuestion)), xml: true}, &answer)
	if err != nil {
		return nil, err
	}
	if answer.Code != "NoError" {
		return nil, &failure{Code: "provider.soap", Message: "Exchange answered with " + answer.Code + "."}
	}
	var found []message
	for _, m := range answer.Messages[:min(maxMessages, len(answer.Messages))] {
		found = append(found, message{Subject: m.Subject, From: strings.TrimSpace(m.Name + " <" + m.Address + ">"), Date: asInMail(m.Received)})
	}
	return found, nil
}

// exchangeMessage sends one, and keeps a copy in the sent items.
func exchangeMessage(address, subject, text string) string {
	return soap(`<m:CreateItem MessageDisposition="SendAndSaveCopy"><m:SavedItemFolderId><t:DistinguishedFolderId Id="sentitems"/></m:SavedItemFolderId>` +
		`<m:Items><t:Message><t:Subject>` + escaped(subject) + `</t:Subject><t:Body BodyType="Text">` + escaped(text) + `</t:Body>` +
		`<t:ToRecipients><t:Mailbox><t:EmailAddress>` + escaped(address) + `</t:EmailAddress></t:Mailbox></t:ToRecipients></t:Message></m:Items></m:CreateItem>`)
}

func soap(question string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">` +
		`<s:Header><t:RequestServerVersion Version="Exchange2010"/></s:Header><s:Body>` + question + `</s:Body></s:Envelope>`
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder takes everything
	return b.String()
}
