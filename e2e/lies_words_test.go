package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// What the liars say in the words of each provider.

func renewedOnce(w *world, c connected) {
	w.clock.advance(2 * time.Hour)
	if a := w.as(c, http.MethodGet, w.service.direct()); a.status != http.StatusOK {
		w.t.Fatalf("the refresh before: %d %s", a.status, a.body)
	}
}

// ended is a liar that says that the grant has ended, in the provider's words.
func ended(status int) func(*world, connected) liar {
	return func(w *world, _ connected) liar {
		word := "invalid_grant"
		if w.service.name == "Zoho" {
			word = "invalid_code"
		}
		return says(status, "", `{"error":"`+word+`"}`)
	}
}

// gone is the native scope that a liar leaves out.
func (s service) gone() string {
	if s.hasScopes() {
		return s.scopes[s.says("Calendar.Read")][0]
	}
	return s.always[len(s.always)-1]
}

// withScopes changes the scopes that the provider names; nil names none.
func withScopes(change func(scopes []string, gone string) []string) func(*world, connected) liar {
	return func(w *world, _ connected) liar {
		return changes(func(told map[string]any) {
			list, listed := told["scopes"]
			scopes := words(list)
			if text, ok := told["scope"].(string); ok && !listed {
				scopes = strings.Fields(text)
			}
			delete(told, "scope")
			delete(told, "scopes")
			switch {
			case change == nil:
			case listed:
				told["scopes"] = change(scopes, w.service.gone())
			default:
				told["scope"] = strings.Join(change(scopes, w.service.gone()), " ")
			}
		})
	}
}

// saysWhose tells whether a refresh's answer at the provider says whose it is.
func saysWhose(s service) bool { return s.name != "Zoho" && s.name != "SugarCRM" }

// strangers is a liar that gives the tokens of somebody else, and says so.
func strangers(w *world, _ connected) liar {
	return changes(func(told map[string]any) {
		switch w.service.name {
		case "Google":
			told["id_token"] = idToken(map[string]any{"aud": providerID, "sub": "somebody-else"})
		case "Office365":
			claims := claimsOf(told["id_token"])
			claims["oid"] = "00000000-0000-0000-0000-00000000000e"
			told["id_token"] = idToken(claims)
		case "Hubspot":
			told["hub_id"] = 7
		case "Salesforce":
			told["id"] = "https://login.salesforce.com/id/00D000000000001/005000000000001"
		}
	})
}

// theSame adds what Google says of the person, which the sandbox's does not. The others say
// it anyway.
func theSame(w *world, c connected) liar {
	who := w.details(c, "")["authUserId"]
	return changes(func(told map[string]any) {
		if w.service.name == "Google" {
			told["id_token"] = idToken(map[string]any{"aud": providerID, "sub": who})
		}
	})
}

// idToken is a JWT that nobody has signed.
func idToken(claims map[string]any) string {
	payload, _ := json.Marshal(claims) // texts and numbers always marshal
	return "e30." + base64.RawURLEncoding.EncodeToString(payload) + ".e30"
}

func claimsOf(idToken any) map[string]any {
	text, _ := idToken.(string)
	_, payload, _ := strings.Cut(text, ".")
	payload, _, _ = strings.Cut(payload, ".")
	raw, _ := base64.RawURLEncoding.DecodeString(payload)
	claims := map[string]any{}
	_ = json.Unmarshal(raw, &claims)
	return claims
}
