package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/store"
)

// payload is the body of a delivery. It holds no secret and names no person.
type payload struct {
	ID              string               `json:"id"` // the same in each try
	Type            store.EventKind      `json:"type"`
	Time            time.Time            `json:"time"`
	ClientID        string               `json:"clientId"` // the application's
	AccountID       int64                `json:"accountId,omitempty"`
	ServiceType     account.ServiceType  `json:"serviceType"`
	ClientOrgID     string               `json:"clientOrgId,omitempty"`
	TokenStatus     account.TokenStatus  `json:"tokenStatus,omitempty"`
	TokenError      string               `json:"tokenError,omitempty"`
	Scopes          []scope.Scope        `json:"authScopes,omitempty"`
	Registration    *registrationPayload `json:"registration,omitempty"`
	Reauthorization *linkPayload         `json:"reauthorization,omitempty"`
}

type registrationPayload struct {
	ClientID string `json:"clientId"` // at the provider
	Reason   string `json:"reason,omitempty"`
}

type linkPayload struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// linkLife is how long a link to sign in again is good for: whoever gets it has to write
// to a person, who has to read.
const linkLife = 7 * 24 * time.Hour

// body writes an event for an application.
func (s *Service) body(ctx context.Context, app store.Application, e store.Event) ([]byte, error) {
	p := payload{
		ID: e.ID, Type: e.Kind, Time: e.At, ClientID: app.ClientID, AccountID: int64(e.AccountID), ServiceType: e.Data.ServiceType,
		ClientOrgID: e.Data.ClientOrgID, TokenStatus: e.Data.TokenStatus, TokenError: e.Data.Reason, Scopes: e.Data.Scopes,
	}
	if e.AccountID == 0 {
		p.TokenError, p.Registration = "", &registrationPayload{ClientID: e.Data.ClientID, Reason: e.Data.Reason}
	}
	if e.Kind == store.TokenExpired {
		address, ends, err := s.Links.Link(ctx, e.AccountID, e.Data.Generation, linkLife)
		if err != nil {
			return nil, fmt.Errorf("make the link to sign in again: %w", err)
		}
		if address != "" {
			p.Reauthorization = &linkPayload{URL: address, ExpiresAt: ends.UTC()}
		}
	}
	return json.Marshal(p)
}
