package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/avain-project/avain/internal/account"
)

// AccountFilter narrows lists of accounts; zero fields narrow nothing.
type AccountFilter struct {
	ApplicationID string
	ServiceType   account.ServiceType
	Kind          account.Kind
	NotKind       account.Kind // any other than this
	ClientOrgID   string
	OrgID         string // account.Identity.OrgID
	UserID        string // account.Account.UserID
	ParentID      account.ID

	// Of [Store.Accounts] alone.
	Limit  int // 0 is no limit
	Offset int
}

// AccountPosition is a place in the order of lists, oldest first: right behind the account
// of that time and id. The zero one is the beginning. It stays good when that account is
// deleted.
type AccountPosition struct {
	CreatedAt time.Time
	ID        account.ID
}

// PositionOf is the place right behind an account.
func PositionOf(a account.Account) AccountPosition { return AccountPosition{a.CreatedAt, a.ID} }

// where collects conditions and their arguments.
type where struct {
	conditions []string
	args       []any
}

// add appends a condition; each %s in it is the placeholder of the next argument.
func (w *where) add(condition string, args ...any) {
	placeholders := make([]any, len(args))
	for i, arg := range args {
		w.args = append(w.args, arg)
		placeholders[i] = fmt.Sprintf("$%d", len(w.args))
	}
	w.conditions = append(w.conditions, fmt.Sprintf(condition, placeholders...))
}

func (w *where) text() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return ` WHERE ` + strings.Join(w.conditions, ` AND `)
}

// conditions of a filter, in a fixed order: the statements are kept by their text. Where a
// partial index serves a column, its own condition is said too, since no planner infers it
// from an argument.
func (f AccountFilter) conditions() *where {
	w := &where{}
	for _, c := range []struct{ text, value string }{
		{"a.application = " + numberOf("%s"), f.ApplicationID},
		{"a.service = " + numberOf("%s"), string(f.ServiceType)},
		{"a.kind = %s", string(f.Kind)},
		{"a.kind <> %s", string(f.NotKind)},
		{"a.client_org_id = %s" + indexed("a.client_org_id", f.ClientOrgID), f.ClientOrgID},
		{"a.org_id = %s" + indexed("a.org_id", f.OrgID), f.OrgID},
		{"a.user_id = %s AND a.user_id <> ''", f.UserID},
	} {
		if c.value != "" {
			w.add(c.text, c.value)
		}
	}
	if f.ParentID != 0 {
		w.add("a.parent_id = %s AND a.parent_id > 0", int64(f.ParentID))
	}
	return w
}

// indexed is the condition of the index of a column of texts that applications and providers
// choose, where the text is not too long for it. Any longer is looked for among all.
func indexed(column, text string) string {
	if utf8.RuneCountInString(text) > 500 {
		return ""
	}
	return ` AND ` + column + ` <> '' AND length(` + column + `) <= 500`
}

func (w *where) behind(at AccountPosition) {
	if at.ID != 0 {
		w.add("(a.created_at, a.id) > (%s, %s)", millis(at.CreatedAt), int64(at.ID))
	}
}

const oldestFirst = ` ORDER BY a.created_at, a.id`

// CountAccounts counts those that the filter lets pass. It visits each of them.
func (s *Store) CountAccounts(ctx context.Context, f AccountFilter) (total int, err error) {
	w := f.conditions()
	err = s.engine.Reader().QueryRowContext(ctx, `SELECT COUNT(*) FROM accounts a`+w.text(), w.args...).Scan(&total)
	return total, s.fail(ctx, "count the accounts", err)
}

// AccountsBehind lists at most limit accounts (0 is no limit) behind a place, oldest first.
// It visits no more than it returns.
func (s *Store) AccountsBehind(ctx context.Context, f AccountFilter, at AccountPosition, limit int) ([]account.Account, error) {
	w := f.conditions()
	w.behind(at)
	most := int64(limit)
	if most <= 0 {
		most = math.MaxInt64
	}
	w.args = append(w.args, most)
	page, err := readAll(ctx, s.engine.Reader(), scanAccount,
		fmt.Sprintf(`SELECT %s FROM accounts a%s%s LIMIT $%d`, accountColumns, w.text(), oldestFirst, len(w.args)), w.args...)
	return page, s.fail(ctx, "list the accounts", err)
}

// SkipAccounts is the place n accounts behind another one; ErrNotFound where the list is
// not that long. It visits n entries of an index.
func (s *Store) SkipAccounts(ctx context.Context, f AccountFilter, at AccountPosition, n int) (AccountPosition, error) {
	if n <= 0 {
		return at, nil
	}
	w := f.conditions()
	w.behind(at)
	w.args = append(w.args, int64(n-1))
	err := s.engine.Reader().QueryRowContext(ctx,
		fmt.Sprintf(`SELECT a.created_at, a.id FROM accounts a%s%s LIMIT 1 OFFSET $%d`, w.text(), oldestFirst, len(w.args)), w.args...).
		Scan((*timeColumn)(&at.CreatedAt), (*int64)(&at.ID))
	return at, s.fail(ctx, "skip accounts", err)
}

// Accounts lists a page, and counts all that the filter lets pass: for people, who turn
// few pages. Programs have package listing.
func (s *Store) Accounts(ctx context.Context, f AccountFilter) (page []account.Account, total int, err error) {
	if total, err = s.CountAccounts(ctx, f); err != nil {
		return nil, 0, err
	}
	at, err := s.SkipAccounts(ctx, f, AccountPosition{}, f.Offset)
	if errors.Is(err, ErrNotFound) {
		return nil, total, nil
	}
	if err == nil {
		page, err = s.AccountsBehind(ctx, f, at, f.Limit)
	}
	return page, total, err
}

// AccountMatch says which accounts are meant by what an application knows of them. Empty
// texts match anything, but for ClientOrgID, where nil does.
type AccountMatch struct {
	ApplicationID string
	ServiceType   account.ServiceType
	Kind          account.Kind
	Subject       string
	OrgID         string
	Email         string // without regard to case
	LoginString   string
	ClientOrgID   *string
}

// MatchAccounts lists at most limit accounts that match, oldest first.
func (s *Store) MatchAccounts(ctx context.Context, m AccountMatch, limit int) ([]account.Account, error) {
	w := &where{}
	w.add("a.application = "+numberOf("%s")+" AND a.service = "+numberOf("%s"), m.ApplicationID, string(m.ServiceType))
	for _, c := range []struct{ text, value string }{
		{"a.kind = %s", string(m.Kind)},
		{"a.subject = %s", m.Subject},
		{"a.org_id = %s AND a.org_id <> ''", m.OrgID},
		{"lower(a.email) = lower(%s)", m.Email},
		{"COALESCE(a.login_string, a.email) = %s", m.LoginString},
	} {
		if c.value != "" {
			w.add(c.text, c.value)
		}
	}
	if m.ClientOrgID != nil {
		w.add("a.client_org_id = %s", *m.ClientOrgID)
		if *m.ClientOrgID != "" {
			w.add("a.client_org_id <> ''")
		}
	}
	w.args = append(w.args, int64(limit))
	list, err := readAll(ctx, s.engine.Reader(), scanAccount,
		fmt.Sprintf(`SELECT %s FROM accounts a%s%s LIMIT $%d`, accountColumns, w.text(), oldestFirst, len(w.args)), w.args...)
	return list, s.fail(ctx, "find matching accounts", err)
}
