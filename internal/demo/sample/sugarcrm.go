package sample

import (
	"context"
	"net/http"
)

// SugarCRM is a CRM too: see contacts.go. Paths are relative to the person's instance.
const sugarPath = "/v1/direct/rest/v11/Contacts?max_num=5&fields=name,email"

// sugarcrm reads the first contacts, in the form of messages.
func (a *application) sugarcrm(ctx context.Context, auth func(*http.Request), calls *[]call) ([]message, error) {
	var list struct {
		Records []struct {
			Name  string `json:"name"`
			Email []struct {
				Address string `json:"email_address"`
			} `json:"email"`
		} `json:"records"`
	}
	if err := a.avain.do(ctx, calls, request{method: http.MethodGet, path: sugarPath, auth: auth}, &list); err != nil {
		return nil, err
	}
	var found []message
	for _, c := range list.Records[:min(maxMessages, len(list.Records))] {
		m := message{Subject: c.Name}
		if len(c.Email) > 0 {
			m.From = c.Email[0].Address
		}
		found = append(found, m)
	}
	return found, nil
}
