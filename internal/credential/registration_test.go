package credential_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

func TestSecretsOfARegistrationAreSealed(t *testing.T) {
	t.Parallel()
	ring, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	common := []secret.Text{secret.New("one"), secret.New("two")}
	ofEU := map[string][]secret.Text{"eu": {secret.New("three")}}
	for _, reg := range []account.Registration{
		{ID: "a"}, {ID: "b", Secrets: common}, {ID: "c", CentreSecrets: ofEU}, {ID: "d", Secrets: common, CentreSecrets: ofEU},
	} {
		record, err := credential.SealRegistration(ring, reg, nil)
		if err != nil {
			t.Fatal(err)
		}
		if record.Secrets != nil || record.CentreSecrets != nil || (record.Sealed == nil) != (reg.ID == "a") {
			t.Errorf("%s: the record has %v and %v in the open", reg.ID, record.Secrets, record.CentreSecrets)
		}
		opened, err := credential.OpenRegistration(ring, record)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(reg, opened.Registration, cmp.Comparer(secret.Text.Equal)); d != "" {
			t.Errorf("%s: %s", reg.ID, d)
		}
	}

	// A bare list is how releases without centres have written it.
	key, wrapped, err := ring.NewDataKey("old")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := key.Seal([]byte(`["one","two"]`), store.LabelRegistrationSecrets, "old")
	if err != nil {
		t.Fatal(err)
	}
	opened, err := credential.OpenRegistration(ring, store.Registration{Registration: account.Registration{ID: "old"}, DataKey: wrapped, Sealed: sealed})
	if err != nil || len(opened.Secrets) != 2 || opened.Secrets[1].Reveal() != "two" {
		t.Errorf("the bare list reads as %d secrets, %v", len(opened.Secrets), err)
	}
}
