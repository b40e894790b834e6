package listing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/store"
)

// Bounds of a page.
const (
	DefaultLimit = 50  // the contract's
	MaxLimit     = 500 // a larger one is taken for this
)

// Store is what lists are read from. *store.Store implements it.
type Store interface {
	CountAccounts(ctx context.Context, f store.AccountFilter) (int, error)
	SkipAccounts(ctx context.Context, f store.AccountFilter, at store.AccountPosition, n int) (store.AccountPosition, error)
	AccountsBehind(ctx context.Context, f store.AccountFilter, at store.AccountPosition, limit int) ([]account.Account, error)
	Registrations(ctx context.Context, applicationID string) ([]store.Registration, error)
}

// Filter narrows an application's accounts; zero fields narrow nothing.
type Filter struct {
	ServiceType account.ServiceType
	Kind        account.Kind
	NotKind     account.Kind
	ClientOrgID string
	AuthOrgID   string // the provider's tenant or domain
	UserID      string
	ParentID    account.ID
}

// Service reads an application's lists. It is safe for concurrent use.
type Service struct {
	store Store
	pages *Pages[account.Account, store.AccountPosition]
}

// NewService makes the service.
func NewService(s Store, now func() time.Time) *Service {
	return &Service{store: s, pages: New[account.Account, store.AccountPosition](now)}
}

// Accounts is a page of an application's accounts, oldest first.
func (s *Service) Accounts(ctx context.Context, applicationID string, f Filter, offset, limit int) (Page[account.Account], error) {
	narrowed := store.AccountFilter{
		ApplicationID: applicationID, ServiceType: f.ServiceType, Kind: f.Kind, NotKind: f.NotKind,
		ClientOrgID: f.ClientOrgID, OrgID: f.AuthOrgID, UserID: f.UserID, ParentID: f.ParentID,
	}
	page, err := s.pages.Page(ctx, fmt.Sprintf("%#v", narrowed), accounts{s.store, narrowed}, offset, min(limit, MaxLimit))
	if err != nil {
		return page, fault.Wrap(fault.StoreUnavailable, err)
	}
	return page, nil
}

// Registrations are all of an application, with nothing of what is sealed in them.
func (s *Service) Registrations(ctx context.Context, applicationID string) ([]account.Registration, error) {
	records, err := s.store.Registrations(ctx, applicationID)
	if err != nil {
		return nil, fault.Wrap(fault.StoreUnavailable, err)
	}
	list := make([]account.Registration, len(records))
	for i, r := range records {
		list[i] = r.Registration
	}
	return list, nil
}

// accounts is the Source of one filter.
type accounts struct {
	store  Store
	filter store.AccountFilter
}

func (a accounts) Count(ctx context.Context) (int, error) {
	return a.store.CountAccounts(ctx, a.filter)
}

func (a accounts) Skip(ctx context.Context, from store.AccountPosition, n int) (store.AccountPosition, error) {
	at, err := a.store.SkipAccounts(ctx, a.filter, from, n)
	if errors.Is(err, store.ErrNotFound) {
		return at, ErrEnd
	}
	return at, err
}

func (a accounts) Behind(ctx context.Context, from store.AccountPosition, limit int) ([]account.Account, error) {
	return a.store.AccountsBehind(ctx, a.filter, from, limit)
}

func (a accounts) After(last account.Account) store.AccountPosition { return store.PositionOf(last) }
