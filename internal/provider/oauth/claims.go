package oauth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/avain-project/avain/internal/secret"
)

// Claims reads an id_token without its signature: for one that came from the token
// endpoint itself (OpenID Connect Core §3.1.3.7, item 6). Who it is for (aud) is the
// caller's to compare.
func Claims(idToken secret.Text, into any) error {
	parts := strings.Split(idToken.Reveal(), ".")
	if len(parts) != 3 {
		return errors.New("there is no id_token in the answer")
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return errors.New("the id_token is not base64url")
	}
	if json.Unmarshal(payload, into) != nil {
		return errors.New("the claims of the id_token are not JSON")
	}
	return nil
}
