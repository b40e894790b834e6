package operator_test

import (
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
)

func TestAccountsAreListedByApplicationAndService(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reg := b.registration(t, b.application(t, "CRM"))
	b.application(t, "empty")
	b.connect(t, reg, "ada", 7)
	b.connect(t, reg, "bob", 8)
	for filter, want := range map[operator.AccountFilter]int{
		{}:                                2,
		{Application: "CRM"}:              2,
		{Application: "empty"}:            0,
		{ServiceType: "GOOGLE", Limit: 1}: 2, // all are counted, one is on the page
		{ServiceType: "Zoho"}:             0,
	} {
		page, total, err := b.Accounts(t.Context(), filter)
		if err != nil || total != want || (filter.Limit > 0 && len(page) > filter.Limit) {
			t.Errorf("%+v: %d of %d, %v; want %d", filter, len(page), total, err, want)
		}
	}
	_, _, err := b.Accounts(t.Context(), operator.AccountFilter{ServiceType: "Gogle"})
	wantUsage(t, "an unknown service type", err)
}

func TestRefreshingAnAccountAsksTheProvider(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acct := b.connect(t, b.registration(t, b.application(t, "CRM")), "ada", 7)
	after, err := b.RefreshAccount(t.Context(), acct.ID)
	if err != nil || b.vendor.refreshes.Load() != 1 || !after.TokenIssuedAt.After(acct.TokenIssuedAt) {
		t.Errorf("%d refreshes, issued %s, %v", b.vendor.refreshes.Load(), after.TokenIssuedAt, err)
	}
}

func TestTokensAreRevokedOneOrAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acct := b.connect(t, b.registration(t, b.application(t, "CRM")), "ada", 7)
	tokens, err := b.Tokens(t.Context(), acct.ID)
	if err != nil || len(tokens) != 1 || !tokens[0].RevokedAt.IsZero() {
		t.Fatalf("%+v, %v", tokens, err)
	}
	if err := b.RevokeToken(t.Context(), acct.ID, "another account's"); err == nil {
		t.Error("a token that the account does not have was revoked")
	}
	if err := b.RevokeToken(t.Context(), acct.ID, tokens[0].ID); err != nil {
		t.Error(err)
	}
	if tokens, err = b.Tokens(t.Context(), acct.ID); err != nil || tokens[0].RevokedAt.IsZero() {
		t.Errorf("%+v, %v", tokens, err)
	}
	if n, err := b.RevokeTokens(t.Context(), acct.ID); err != nil || n != 0 {
		t.Errorf("%d more were live, %v", n, err)
	}
}

func TestRevokingKeepsTheAccountAndDeletingDoesNot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acct := b.connect(t, b.registration(t, b.application(t, "CRM")), "ada", 7)
	if outcome, err := b.RevokeAccount(t.Context(), acct.ID); err != nil || outcome != "revoked" {
		t.Errorf("%s, %v", outcome, err)
	}
	if left, err := b.Account(t.Context(), acct.ID); err != nil || left.TokenStatus != account.TokenDead {
		t.Errorf("%+v, %v", left, err)
	}
	if deleted, err := b.DeleteAccount(t.Context(), acct.ID); err != nil || deleted.Grant != "none" {
		t.Errorf("%+v, %v", deleted, err)
	}
	if _, err := b.Account(t.Context(), acct.ID); err == nil {
		t.Error("the account is still there")
	}
}

func TestAGrantThatAnotherAccountRestsOnIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reg := b.registration(t, b.application(t, "CRM"))
	first := b.connect(t, reg, "ada", 7)
	b.connect(t, reg, "ada", 8)
	if deleted, err := b.DeleteAccount(t.Context(), first.ID); err != nil || deleted.Grant != "kept" || b.vendor.revocations.Load() != 0 {
		t.Errorf("%+v, %v, %d revocations", deleted, err, b.vendor.revocations.Load())
	}
}
