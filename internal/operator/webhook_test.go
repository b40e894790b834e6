package operator_test

import (
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/secret"
)

func TestSigningSecretComesWithTheFirstWebhook(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app, _, err := b.CreateApplication(t.Context(), operator.CreateApplication{Name: "Hooked", Settings: account.Settings{
		Webhooks: []string{"https://app.example/hook"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	signing := func() secret.Text {
		t.Helper()
		_, signing, err := b.SigningSecret(t.Context(), app.ClientID)
		if err != nil || signing.IsZero() {
			t.Fatalf("%v, %v", signing.IsZero(), err)
		}
		return signing
	}
	first := signing()
	if _, err := b.SetApplication(t.Context(), app.ClientID, operator.SetApplication{Webhooks: &[]string{"https://app.example/other"}}); err != nil {
		t.Fatal(err)
	}
	if !signing().Equal(first) {
		t.Error("another URL has changed the signing secret")
	}
	_, second, err := b.SetSigningSecret(t.Context(), app.ClientID, secret.Text{})
	if err != nil || second.Equal(first) || !signing().Equal(second) {
		t.Errorf("replaced: %v", err)
	}
	if _, _, err := b.SetSigningSecret(t.Context(), app.ClientID, secret.New("short")); err == nil || strings.Contains(err.Error(), "short") {
		t.Errorf("a short one: %v", err)
	}
}

func TestAppliedSigningSecretIsTheOneGiven(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.Apply(t.Context(), read(t, wholeFile), resolve); err != nil {
		t.Fatal(err)
	}
	_, signing, err := b.SigningSecret(t.Context(), "CRM")
	if err != nil || signing.Reveal() != strings.Repeat("signing", 8) {
		t.Errorf("%v", err)
	}
}

func TestWebhookURLsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, raw := range []string{
		"", "http://app.example", "https:app.example", "https://", "//app.example", "https://user@app.example", "https://app.example/#x",
		"https://127.1/", "https://app.example/" + strings.Repeat("x", 2048), "https://a b/", "javascript:alert(1)",
	} {
		_, _, err := b.CreateApplication(t.Context(), operator.CreateApplication{Name: "Hooked", Settings: account.Settings{Webhooks: []string{raw}}})
		if err == nil {
			t.Errorf("%q was taken", raw)
		}
	}
	nine := strings.Split(strings.Repeat("https://app.example/ ", 8)+"https://app.example/", " ")
	if _, _, err := b.CreateApplication(t.Context(), operator.CreateApplication{Name: "Hooked", Settings: account.Settings{Webhooks: nine}}); err == nil {
		t.Error("nine were taken")
	}
}
