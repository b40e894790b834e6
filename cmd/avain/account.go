package main

import (
	"context"
	"io"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
)

type accountCommands struct {
	List    accountListCommand    `cmd:"" help:"List connected accounts, oldest first."`
	Show    accountShowCommand    `cmd:"" help:"Show an account."`
	Refresh accountRefreshCommand `cmd:"" help:"Renew the provider's credential now."`
	Revoke  accountRevokeCommand  `cmd:"" help:"End the access at the provider and forget our copy; the account stays, to be connected again."`
	Tokens  accountTokensCommand  `cmd:"" help:"List the account's access tokens, or revoke them."`
	Delete  accountDeleteCommand  `cmd:"" help:"Revoke, then delete the account; its access tokens end."`
}

// accountRef is the argument that names an account.
type accountRef struct {
	Account string `arg:"" help:"Account id."`
}

// on opens the data and does one thing with the account.
func (r accountRef) on(ctx context.Context, s *settings, do func(*operator.Service, account.ID) error) error {
	id, err := account.ParseID(r.Account)
	if err != nil {
		return usagef("%w", err)
	}
	a, err := s.open(ctx, s.config())
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	return do(a.Operator(), id)
}

type accountListCommand struct {
	App     string `placeholder:"APP" help:"Of one application only: client id or name."`
	Service string `placeholder:"TYPE" help:"At one provider only, such as Google."`
	Limit   int    `default:"100" placeholder:"N" help:"How many to list; 0 for all."`
	Offset  int    `placeholder:"N" help:"How many to pass over."`
}

type accountsView struct {
	Total    int           `json:"total"` // without limit and offset
	Accounts []accountView `json:"accounts"`
}

// Run lists the accounts.
func (c *accountListCommand) Run(ctx context.Context, s *settings, out output) error {
	a, err := s.open(ctx, s.config())
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	page, total, err := a.Operator().Accounts(ctx, operator.AccountFilter{
		Application: c.App, ServiceType: c.Service, Limit: c.Limit, Offset: c.Offset,
	})
	if err != nil {
		return err
	}
	view, rows := accountsView{Total: total, Accounts: make([]accountView, len(page))}, make([][]string, len(page))
	for i, one := range page {
		view.Accounts[i] = viewAccount(one)
		rows[i] = []string{one.ID.String(), string(one.ServiceType), one.LoginString, dash(one.ClientOrgID), string(one.TokenStatus), stamp(one.CreatedAt)}
	}
	return out.show(view, func(w io.Writer) {
		table(w, []string{"ID", "SERVICE", "LOGIN", "ORG", "TOKEN", "CREATED"}, rows)
		if len(page) < total {
			printf(w, "\n%d of %d; --offset shows the next\n", len(page), total)
		}
	})
}

type accountShowCommand struct{ accountRef }

// Run shows the account.
func (c *accountShowCommand) Run(ctx context.Context, s *settings, out output) error {
	return c.on(ctx, s, func(o *operator.Service, id account.ID) error {
		acct, err := o.Account(ctx, id)
		if err != nil {
			return err
		}
		return showAccount(out, acct)
	})
}

type accountRefreshCommand struct{ accountRef }

// Run renews the credential.
func (c *accountRefreshCommand) Run(ctx context.Context, s *settings, out output) error {
	return c.on(ctx, s, func(o *operator.Service, id account.ID) error {
		acct, err := o.RefreshAccount(ctx, id)
		if err != nil {
			return err
		}
		return showAccount(out, acct)
	})
}

func showAccount(out output, a account.Account) error {
	return out.show(viewAccount(a), func(w io.Writer) {
		properties(
			w,
			field{"id", a.ID.String()},
			field{"service", string(a.ServiceType)},
			field{"login", a.LoginString},
			field{"name", a.Identity.Name},
			field{"org", a.ClientOrgID},
			field{"scopes", strings.Join(texts(a.Scopes), " ")},
			field{"native scopes", strings.Join(a.NativeScopes, "\n\t")},
			field{"token", strings.TrimSuffix(string(a.TokenStatus)+": "+a.TokenError, ": ")},
			field{"token issued", stamp(a.TokenIssuedAt)},
			field{"token ends", stamp(a.AuthExpiresAt)},
			field{"signed in", stamp(a.AuthObtainedAt)},
			field{"created", stamp(a.CreatedAt)},
		)
	})
}

type accountRevokeCommand struct{ accountRef }

// Run ends the access.
func (c *accountRevokeCommand) Run(ctx context.Context, s *settings, out output) error {
	return c.on(ctx, s, func(o *operator.Service, id account.ID) error {
		outcome, err := o.RevokeAccount(ctx, id)
		if err != nil {
			return err
		}
		return out.show(deletedAccountView{int64(id), string(outcome)}, func(w io.Writer) {
			printf(w, "%s\n", grantText(string(outcome)))
		})
	})
}

type accountDeleteCommand struct{ accountRef }

// Run deletes the account.
func (c *accountDeleteCommand) Run(ctx context.Context, s *settings, out output) error {
	return c.on(ctx, s, func(o *operator.Service, id account.ID) error {
		deleted, err := o.DeleteAccount(ctx, id)
		if err != nil {
			return err
		}
		return out.show(viewDeletedAccount(deleted), func(w io.Writer) {
			printf(w, "account %s deleted: %s\n", id, grantText(string(deleted.Grant)))
		})
	})
}

type accountTokensCommand struct {
	accountRef
	Revoke    string `xor:"revoke" placeholder:"TOKEN" help:"Revoke one, by its id in the list."`
	RevokeAll bool   `xor:"revoke" help:"Revoke all of them."`
}

// Run revokes what is asked for, then lists the tokens.
func (c *accountTokensCommand) Run(ctx context.Context, s *settings, out output) error {
	return c.on(ctx, s, func(o *operator.Service, id account.ID) error {
		if c.Revoke != "" {
			if err := o.RevokeToken(ctx, id, c.Revoke); err != nil {
				return err
			}
		}
		if c.RevokeAll {
			if _, err := o.RevokeTokens(ctx, id); err != nil {
				return err
			}
		}
		tokens, err := o.Tokens(ctx, id)
		if err != nil {
			return err
		}
		return showTokens(out, tokens)
	})
}

func showTokens(out output, tokens []operator.Token) error {
	views, rows := make([]tokenView, len(tokens)), make([][]string, len(tokens))
	for i, t := range tokens {
		views[i] = tokenView{t.ID, texts(t.Ceiling), t.Limited, utc(t.CreatedAt), utc(t.RevokedAt)}
		rows[i] = []string{t.ID, dash(strings.Join(texts(t.Ceiling), " ")), yes(t.Limited), stamp(t.CreatedAt), dash(stamp(t.RevokedAt))}
	}
	return out.show(views, func(w io.Writer) {
		table(w, []string{"ID", "SCOPES", "BROWSER", "CREATED", "REVOKED"}, rows)
	})
}
