package sample

import (
	"context"
	"net/http"
	"strings"
)

// HubSpot is a CRM and has no mail, so people are shown in its place.
const (
	crmPath   = "/v1/direct/crm/objects/2026-03/contacts"
	crmFields = "?limit=5&properties=firstname,lastname,email"
)

// contacts reads the first contacts, in the form of messages: who, and since when.
func (a *application) contacts(ctx context.Context, auth func(*http.Request), calls *[]call) ([]message, error) {
	var list struct {
		Results []struct {
			CreatedAt  string `json:"createdAt"`
			Properties struct {
				FirstName string `json:"firstname"`
				LastName  string `json:"lastname"`
				Email     string `json:"email"`
			} `json:"properties"`
		} `json:"results"`
	}
	if err := a.avain.do(ctx, calls, request{method: http.MethodGet, path: crmPath + crmFields, shown: crmPath + "?limit=5", auth: auth}, &list); err != nil {
		return nil, err
	}
	var found []message
	for _, c := range list.Results[:min(maxMessages, len(list.Results))] {
		found = append(found, message{
			Subject: strings.TrimSpace(c.Properties.FirstName + " " + c.Properties.LastName), From: c.Properties.Email, Date: asInMail(c.CreatedAt),
		})
	}
	return found, nil
}
