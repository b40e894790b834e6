package connect

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/store"
)

// Key is the contract's ServiceKey: something by which an application tells its accounts of
// one service apart.
type Key string

// The keys. Their values are those of the proven account, and not what was sent.
const (
	KeyEmail       Key = "email"
	KeyOrgID       Key = "orgId"  // the provider's organization
	KeyUserID      Key = "userId" // the provider's user
	KeyServerURL   Key = "serverUrl"
	KeyUsername    Key = "username"
	KeyClientOrgID Key = "clientOrgId"
)

// ParseKey reads one of them.
func ParseKey(s string) (Key, bool) {
	i := slices.Index(Keys(), Key(s))
	if i < 0 {
		return "", false
	}
	return Keys()[i], true
}

// Keys lists them.
func Keys() []Key {
	return []Key{KeyEmail, KeyOrgID, KeyUserID, KeyServerURL, KeyUsername, KeyClientOrgID}
}

// mostMatches is how many accounts are looked at before the server is compared, and how many
// a fault names.
const mostMatches = 100

// match finds the account that is there already; nil for none. beside says that the same
// person has another one all the same.
//
// Without keys it is the person's own, as after any sign-in: the same subject and clientOrgId.
// Where there is none, it is the one of the same address and clientOrgId, if the provider
// vouches for the address: a mailbox that has moved. An address that nobody vouches for is
// whoever's who typed it, and must not take over the account of its owner.
func (s *Service) match(ctx context.Context, b Brought, f finishing) (existing *account.Account, beside bool, err error) {
	same, err := s.target(ctx, f)
	if err != nil {
		return nil, false, err
	}
	keys := b.Recycle
	switch {
	case keys == nil && same != nil && same.Kind == account.KindPersonal:
		return same, false, nil
	case keys == nil && (!f.Identity.EmailVerified || f.Identity.Email == ""):
		return nil, same != nil, nil
	case keys == nil:
		keys = []Key{KeyEmail, KeyClientOrgID}
	}
	found, err := s.matching(ctx, f, keys)
	if err != nil {
		return nil, false, err
	}
	switch len(found) {
	case 0:
		return nil, same != nil, nil
	case 1:
		return &found[0], false, nil
	}
	return nil, false, ambiguous(keys, found)
}

func (s *Service) matching(ctx context.Context, f finishing, keys []Key) ([]account.Account, error) {
	m := store.AccountMatch{ApplicationID: f.attempt.ApplicationID, ServiceType: f.attempt.ServiceType, Kind: account.KindPersonal}
	server := ""
	for _, key := range keys {
		var value string
		switch key {
		case KeyEmail:
			m.Email, value = f.Identity.Email, f.Identity.Email
		case KeyOrgID:
			m.OrgID, value = f.Identity.OrgID, f.Identity.OrgID
		case KeyUserID:
			m.Subject, value = f.Identity.Subject, f.Identity.Subject
		case KeyUsername:
			name := f.Identity.Email
			if f.login != nil {
				name = f.login.Username
			}
			m.LoginString, value = name, name
		case KeyServerURL:
			server, _ = serverOf(f.Identity.Subject)
			value = server
		case KeyClientOrgID:
			m.ClientOrgID = &f.attempt.ClientOrgID
			continue
		}
		if value == "" {
			return nil, fault.Newf(fault.ParameterInvalid, "It is recycleKeys: this account has no %s to be known by.", key)
		}
	}
	if server != "" && m.Email+m.OrgID+m.Subject+m.LoginString == "" {
		return nil, fault.New(fault.ParameterInvalid, "It is recycleKeys: many accounts have one serverUrl; name email or username beside it.")
	}
	found, err := s.Store.MatchAccounts(ctx, m, mostMatches)
	if err != nil {
		return nil, fault.Wrap(fault.StoreUnavailable, err)
	}
	if server == "" {
		return found, nil
	}
	return slices.DeleteFunc(found, func(a account.Account) bool {
		at, ok := serverOf(a.Identity.Subject)
		return !ok || at != server
	}), nil
}

// serverOf is the server that a subject of a login names: "imap://ada%40x@mail.example".
func serverOf(subject string) (string, bool) {
	_, rest, isLogin := strings.Cut(subject, "://")
	i := strings.LastIndexByte(rest, '@')
	if !isLogin || i < 0 {
		return "", false
	}
	return rest[i+1:], true
}

func ambiguous(keys []Key, found []account.Account) error {
	var names, ids []string
	for _, k := range keys {
		names = append(names, string(k))
	}
	for _, a := range found[:min(len(found), 5)] {
		ids = append(ids, a.ID.String())
	}
	return fault.Newf(fault.AccountConflict, "Several accounts have the same %s: %s. Name more in recycleKeys, or delete one of them.",
		strings.Join(names, " and "), strings.Join(ids, ", "))
}

// wordOf is what the contract calls a field of a sign-in form.
func wordOf(field string) string {
	switch {
	case field == "username":
		return "loginString"
	case strings.HasPrefix(field, "imap"):
		return "serverUrl"
	case strings.HasPrefix(field, "smtp"):
		return "serverInfo"
	}
	return field
}

// inWords names the member of the request that a fault is about.
func inWords(field string, err error) error {
	var f *fault.Error
	if field == "" || !errors.As(err, &f) {
		return err
	}
	told := *f
	told.Detail = strings.TrimSpace("It is " + wordOf(field) + ". " + f.Detail)
	return &told
}
