package hubspot

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/oauth"
)

// contactsProbe lists one contact, of which it asks for the id alone
// (developers.hubspot.com/docs/api-reference, "List contacts"). An empty CRM
// answers 200 too.
const contactsProbe = "crm/objects/" + version + "/contacts?limit=1&properties=hs_object_id"

// Proofs implements provider.Prober. The scope for writing alone lists nothing.
func (d *Driver) Proofs(account.Registration) map[provider.Area][]string {
	return map[provider.Area][]string{provider.Contacts: {contactsRead}}
}

// Probe implements provider.Prober.
func (d *Driver) Probe(ctx context.Context, reg account.Registration, held provider.Tokens, area provider.Area) error {
	if area != provider.Contacts {
		return fmt.Errorf("hubspot has no call that proves the area %q", area)
	}
	base, err := direct().Endpoint(reg, held.Place, contactsProbe)
	if err != nil {
		return err
	}
	return d.client.Probe(ctx, base.String()+contactsProbe, held.Access, oauth.Refusals{Codes: categories, Table: refusals()})
}

// categories reads an API's error, the more special word first.
func categories(body []byte) []string {
	var told struct {
		Category    string `json:"category"`
		SubCategory string `json:"subCategory"`
	}
	if json.Unmarshal(body, &told) != nil {
		return nil
	}
	var found []string
	for _, word := range []string{told.SubCategory, told.Category} {
		if word != "" {
			found = append(found, word)
		}
	}
	return found
}

// refusals: developers.hubspot.com/docs/api-reference/error-handling, and bodies as
// users of the APIs have reported them (HubSpot/hubspot-api-nodejs#50 and #268,
// ToolJet/ToolJet#17192).
func refusals() []provider.Trouble {
	return []provider.Trouble{
		{Code: "MISSING_SCOPES", Class: provider.User, Cause: "the access was not granted: the HubSpot account may lack the feature", Cure: "start again and choose another HubSpot account, or one whose plan has it"},
		{Code: "EXPIRED_AUTHENTICATION", Class: provider.User, Cause: "HubSpot refuses the access token", Cure: "start again"},
		{Code: "INVALID_AUTHENTICATION", Class: provider.User, Cause: "HubSpot refuses the access token", Cure: "start again"},
		{Code: "RATE_LIMITS", Class: provider.Later, Cause: "the calls of this HubSpot account are used up for now", Cure: "try again later"},
	}
}
