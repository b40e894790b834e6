package sample

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// zohoPath is Zoho Mail's API. The id of a mailbox stands in every path behind it.
const zohoPath = "/v1/direct/api/accounts"

// zohoMailbox asks for the person's mailbox: the path of its messages.
func (a *application) zohoMailbox(ctx context.Context, auth func(*http.Request), calls *[]call) (string, error) {
	var list struct {
		Data []struct {
			AccountID string `json:"accountId"`
		} `json:"data"`
	}
	if err := a.avain.do(ctx, calls, request{method: http.MethodGet, path: zohoPath, auth: auth}, &list); err != nil {
		return "", err
	}
	if len(list.Data) == 0 {
		return "", &failure{Code: "provider.mailbox", Message: "The account has no mailbox at Zoho."}
	}
	return zohoPath + "/" + url.PathEscape(list.Data[0].AccountID) + "/messages", nil
}

// zoho reads the newest messages: the mailbox first, then its list.
func (a *application) zoho(ctx context.Context, auth func(*http.Request), calls *[]call) ([]message, error) {
	path, err := a.zohoMailbox(ctx, auth, calls)
	if err != nil {
		return nil, err
	}
	var list struct {
		Data []struct {
			Subject  string `json:"subject"`
			Summary  string `json:"summary"`
			Sender   string `json:"sender"`
			From     string `json:"fromAddress"`
			Received string `json:"receivedTime"` // milliseconds
		} `json:"data"`
	}
	if err := a.avain.do(ctx, calls, request{method: http.MethodGet, path: path + "/view?limit=5", auth: auth}, &list); err != nil {
		return nil, err
	}
	var found []message
	for _, m := range list.Data[:min(maxMessages, len(list.Data))] {
		date := m.Received
		if ms, err := strconv.ParseInt(m.Received, 10, 64); err == nil {
			date = time.UnixMilli(ms).UTC().Format(time.RFC1123Z)
		}
		found = append(found, message{Subject: m.Subject, From: m.Sender + " <" + m.From + ">", Date: date, Snippet: m.Summary})
	}
	return found, nil
}

// zohoMessage is what Zoho Mail takes to send a message from an address to itself.
func zohoMessage(address, subject, text string) string {
	b, _ := json.Marshal(map[string]string{ // strings always marshal
		"fromAddress": address, "toAddress": address, "subject": subject, "content": text, "mailFormat": "plaintext",
	})
	return string(b)
}
