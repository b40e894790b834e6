package sample

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// What is behind /v1/direct is the provider's own API: each has its paths and its
// answers.
const (
	gmailPath   = "/v1/direct/gmail/v1/users/me/messages"
	onlyHeaders = "?format=metadata&metadataHeaders=Subject&metadataHeaders=From&metadataHeaders=Date"
	graphPath   = "/v1/direct/me/messages"
	graphFields = "?$top=5&$select=subject,from,receivedDateTime,bodyPreview"
)

// maxMessages bounds the messages that are read, whatever the list holds.
const maxMessages = 5

// messages reads the newest messages, or what a service has in their place.
func (a *application) messages(ctx context.Context, serviceType string, auth func(*http.Request), calls *[]call) ([]message, error) {
	switch serviceType {
	case "Office365":
		return a.graph(ctx, auth, calls)
	case "EWS":
		return a.inbox(ctx, auth, calls)
	case "Hubspot":
		return a.contacts(ctx, auth, calls)
	case "Zoho":
		return a.zoho(ctx, auth, calls)
	case "Salesforce":
		return a.salesforce(ctx, auth, calls)
	case "SugarCRM":
		return a.sugarcrm(ctx, auth, calls)
	}
	return a.gmail(ctx, auth, calls)
}

// graph reads them from Microsoft Graph, whose list holds what is shown.
func (a *application) graph(ctx context.Context, auth func(*http.Request), calls *[]call) ([]message, error) {
	var list struct {
		Value []struct {
			Subject     string `json:"subject"`
			BodyPreview string `json:"bodyPreview"`
			Received    string `json:"receivedDateTime"`
			From        struct {
				EmailAddress struct{ Name, Address string } `json:"emailAddress"`
			} `json:"from"`
		} `json:"value"`
	}
	if err := a.avain.do(ctx, calls, request{method: http.MethodGet, path: graphPath + graphFields, shown: graphPath + "?$top=5", auth: auth}, &list); err != nil {
		return nil, err
	}
	var found []message
	for _, m := range list.Value[:min(maxMessages, len(list.Value))] {
		from := m.From.EmailAddress
		found = append(found, message{
			Subject: m.Subject, From: strings.TrimSpace(from.Name + " <" + from.Address + ">"), Date: asInMail(m.Received), Snippet: m.BodyPreview,
		})
	}
	return found, nil
}

// asInMail writes a date of the APIs (RFC 3339) as a mail's header has it, which people read.
func asInMail(received string) string {
	at, err := time.Parse(time.RFC3339, received)
	if err != nil {
		return received
	}
	return at.Format(time.RFC1123Z)
}

// gmail reads them from Gmail: the list first, then the headers of each.
func (a *application) gmail(ctx context.Context, auth func(*http.Request), calls *[]call) ([]message, error) {
	var list struct {
		Messages []struct {
			ID string `json:"id"`
		} `json:"messages"`
	}
	if err := a.avain.do(ctx, calls, request{method: http.MethodGet, path: gmailPath + "?maxResults=5", auth: auth}, &list); err != nil {
		return nil, err
	}
	var found []message
	for _, entry := range list.Messages[:min(maxMessages, len(list.Messages))] {
		var full struct {
			Snippet string `json:"snippet"`
			Payload struct {
				Headers []struct{ Name, Value string } `json:"headers"`
			} `json:"payload"`
		}
		path := gmailPath + "/" + url.PathEscape(entry.ID)
		err := a.avain.do(ctx, calls, request{method: http.MethodGet, path: path + onlyHeaders, shown: path + "?format=metadata", auth: auth}, &full)
		if err != nil {
			return nil, err
		}
		m := message{Snippet: html.UnescapeString(full.Snippet)} // Gmail sends it as HTML text
		for _, h := range full.Payload.Headers {
			switch h.Name {
			case "Subject":
				m.Subject = h.Value
			case "From":
				m.From = h.Value
			case "Date":
				m.Date = h.Value
			}
		}
		found = append(found, m)
	}
	return found, nil
}

// testMessage is what the provider's API takes to send a short message: its path
// and its body.
func (a *application) testMessage(ctx context.Context, acct account, auth func(*http.Request), calls *[]call) (path, body string, err error) {
	const subject, text = "Hello from the sample application", "This message was sent through Avain, with one token and the provider's own API."
	switch acct.ServiceType {
	case "EWS":
		return exchangePath, exchangeMessage(acct.Email, subject, text), nil
	case "Office365":
		return "/v1/direct/me/sendMail", graphMessage(acct.Email, subject, text), nil
	case "Zoho":
		path, err = a.zohoMailbox(ctx, auth, calls)
		return path, zohoMessage(acct.Email, subject, text), err
	}
	return gmailPath + "/send", gmailMessage(acct.Email, subject, text), nil
}

func graphMessage(address, subject, text string) string {
	b, _ := json.Marshal(map[string]any{"message": map[string]any{ // strings always marshal
		"subject": subject, "body": map[string]string{"contentType": "Text", "content": text},
		"toRecipients": []any{map[string]any{"emailAddress": map[string]string{"address": address}}},
	}})
	return string(b)
}

// gmailMessage is an RFC 5322 message in base64url.
func gmailMessage(address, subject, text string) string {
	address = strings.NewReplacer("\r", "", "\n", "").Replace(address) // stays one header line
	mail := "To: " + address + "\r\nSubject: " + subject + "\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text + "\r\n"
	b, _ := json.Marshal(map[string]string{"raw": base64.RawURLEncoding.EncodeToString([]byte(mail))})
	return string(b)
}
