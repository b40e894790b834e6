package sample

import (
	"context"
	"net/http"
	"net/url"
)

// Salesforce is a CRM too: see contacts.go.
const (
	soqlPath     = "/v1/direct/services/data/v60.0/query"
	soqlContacts = "SELECT Name, Email FROM Contact LIMIT 5"
)

// salesforce reads the first contacts, in the form of messages.
func (a *application) salesforce(ctx context.Context, auth func(*http.Request), calls *[]call) ([]message, error) {
	var list struct {
		Records []struct{ Name, Email string } `json:"records"`
	}
	path := soqlPath + "?q=" + url.QueryEscape(soqlContacts)
	if err := a.avain.do(ctx, calls, request{method: http.MethodGet, path: path, auth: auth}, &list); err != nil {
		return nil, err
	}
	var found []message
	for _, c := range list.Records[:min(maxMessages, len(list.Records))] {
		found = append(found, message{Subject: c.Name, From: c.Email})
	}
	return found, nil
}
