package connect

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// A link to sign in again opens authorize for one account. It is for the credential that
// has ended: as soon as there is a new one, by this link or otherwise, the link is spent,
// and so is every sign-in that was begun with it. Opening it spends nothing, since mail
// programs open links to look at them. Nothing is stored for it: it carries a seal of
// what it is for.

// LinkPath is where such links lead.
const LinkPath = "/v1/auth/reauthorize"

// maxLinkKey bounds the key of a link, in bytes.
const maxLinkKey = 1024

// link is what a link is for, as it is sealed.
type link struct {
	Account    account.ID `json:"account"`
	Generation int64      `json:"generation"` // of the credential that has ended
	Ends       int64      `json:"ends"`       // unix milliseconds
}

// Link makes one, which ends after life. It is "" where nobody could come back from the
// sign-in, since the application has no return URL, and where the account has a newer
// credential than that, or is gone.
func (s *Service) Link(ctx context.Context, id account.ID, generation int64, life time.Duration) (address string, ends time.Time, err error) {
	acct, err := s.Store.Account(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && acct.CredentialGeneration != generation {
		return "", time.Time{}, nil
	}
	if err != nil {
		return "", time.Time{}, err
	}
	app, err := s.Store.Application(ctx, acct.ApplicationID)
	if err != nil || len(app.ReturnURLs) == 0 {
		return "", time.Time{}, err
	}
	reg, err := s.Credentials.Registration(ctx, acct.RegistrationID)
	if err != nil {
		return "", time.Time{}, err
	}
	ends = s.Now().Add(life).Truncate(time.Second)
	plain, err := json.Marshal(link{Account: id, Generation: generation, Ends: ends.UnixMilli()})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("encode the link: %w", err)
	}
	sealed, err := reg.Key.Seal(plain, store.LabelLink, reg.ID)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("seal the link: %w", err)
	}
	key := reg.ID + "." + base64.RawURLEncoding.EncodeToString(sealed)
	return Home(s.PublicURL, app.Application).JoinPath(LinkPath).String() + "?" + url.Values{"key": {key}}.Encode(), ends, nil
}

// Reauthorize is [Service.Authorize] for what a link is for. The application may add
// returnUrl, state, responseType and a code challenge to the link; without, its first
// return URL is told, and no state.
func (s *Service) Reauthorize(ctx context.Context, at *url.URL, rawQuery string, browser secret.Text, admit func(applicationID string) error) Outcome {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return shown(fault.New(fault.ParameterInvalid, "The query is malformed: check its percent signs."))
	}
	if len(query["key"]) > 1 {
		return shown(fault.New(fault.ParameterRepeated, "It is key."))
	}
	l, err := s.openLink(ctx, query.Get("key"))
	if err != nil {
		return repeatable(err)
	}
	acct, app, err := s.linked(ctx, l)
	if err != nil {
		return repeatable(err)
	}
	if out, away := s.hop(at, LinkPath, rawQuery, parameters{query}, app); away {
		return out
	}
	if acct.CredentialGeneration != l.Generation || s.Now().UnixMilli() >= l.Ends {
		out := shown(fault.New(fault.LinkEnded, ""))
		out.ApplicationName = app.Name
		return out
	}
	return s.authorize(ctx, at, linkQuery(query, acct, app), l.Generation, browser, admit)
}

// openLink opens the key of a link.
func (s *Service) openLink(ctx context.Context, key string) (link, error) {
	none := fault.New(fault.StateUnknown, "")
	id, encoded, _ := strings.Cut(key, ".")
	sealed, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || id == "" || len(key) > maxLinkKey {
		return link{}, none
	}
	reg, err := s.Credentials.Registration(ctx, id)
	switch {
	case fault.Is(err, fault.ServiceTypeUnavailable):
		return link{}, none
	case err != nil:
		return link{}, err
	}
	var l link
	plain, err := reg.Key.Open(sealed, store.LabelLink, reg.ID)
	if err == nil {
		err = json.Unmarshal(plain, &l)
	}
	if err != nil {
		return link{}, none
	}
	return l, nil
}

// linked are the account of a link and its application.
func (s *Service) linked(ctx context.Context, l link) (account.Account, account.Application, error) {
	acct, err := s.Store.Account(ctx, l.Account)
	if errors.Is(err, store.ErrNotFound) {
		return account.Account{}, account.Application{}, fault.New(fault.LinkEnded, "")
	}
	if err != nil {
		return account.Account{}, account.Application{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	app, err := s.Store.Application(ctx, acct.ApplicationID)
	if err != nil {
		return account.Account{}, account.Application{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	return acct, app.Application, nil
}

// linkQuery is authorize's query for the account: what it has is asked for again.
func linkQuery(given url.Values, acct account.Account, app account.Application) string {
	q := url.Values{
		"clientId": {app.ClientID}, "serviceType": {string(acct.ServiceType)}, "accountId": {acct.ID.String()},
		"returnUrl": {firstReturn(app.ReturnURLs)}, "loginHint": {acct.LoginString}, "clientOrgId": {acct.ClientOrgID},
	}
	if len(acct.Scopes) > 0 {
		q.Set("scopes", scope.Join(acct.Scopes))
	}
	for _, name := range []string{"returnUrl", "state", "responseType", "codeChallenge", "codeChallengeMethod"} {
		if values := given[name]; len(values) > 0 {
			q[name] = values
		}
	}
	return q.Encode()
}

// firstReturn is where a browser comes back to that may have opened the link anywhere: a
// page rather than an app.
func firstReturn(registered []string) string {
	if i := slices.IndexFunc(registered, func(u string) bool { return strings.HasPrefix(u, "https:") }); i >= 0 {
		return registered[i]
	}
	if len(registered) == 0 {
		return ""
	}
	return registered[0]
}

// checkLink refuses a sign-in that a link has begun, once the account has another
// credential than the one the link was for.
func checkLink(a store.Attempt, p credential.Plan) error {
	if a.LinkGeneration != 0 && p.ExpectGeneration != a.LinkGeneration {
		return fault.New(fault.LinkEnded, "")
	}
	return nil
}
