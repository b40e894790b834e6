package transfer_test

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/transfer"
)

// What goes out of one installation comes into another as the same accounts: ids, identities,
// users, scopes, credentials, places, dead ones and two of one identity.
func TestOutAndInAgain(t *testing.T) {
	t.Parallel()
	from, to := newHouse(t), newHouse(t)
	rows := []string{
		row(with{"accessToken": "access", "accessTokenExpires": "2026-11-21T12:30:00Z", "userId": "ann", "userAccount": "primary", "clientOrgId": "org", "emailVerified": true}),
		row(with{"accountId": 7, "authUserId": "twice"}),
		row(with{"accountId": 8, "authUserId": "twice", "refreshToken": "of the other"}),
		row(with{"serviceType": "Office365", "authUserId": "tid/oid", "authNativeScopes": "Mail.Read offline_access"}),
		row(with{"serviceType": "Zoho", "authUserId": "eu/1", "serverUrl": "accounts.zoho.eu"}),
		row(with{"serviceType": "Salesforce", "authUserId": "o/u", "serverUrl": "acme.my.salesforce.com"}),
		row(with{"serviceType": "SugarCRM", "authUserId": "crm.example/1", "serverUrl": "https://crm.example", "tenant": "mobile"}),
		row(with{"serviceType": "IMAP", "authUserId": nil, "refreshToken": nil, "password": "pass", "serverUrl": "imap://mail.example:143", "serverInfo": "smtp.example:587"}),
		row(with{"serviceType": "EWS", "authUserId": nil, "refreshToken": nil, "password": "pass", "loginString": `DOM\ada`, "serverUrl": "https://ex.example/owa"}),
		row(with{"authUserId": "gone", "refreshToken": nil, "tokenStatus": "dead", "tokenError": "the person has revoked it"}),
	}
	for _, r := range from.bring(transfer.Import{TakeOver: true}, rows...) {
		if r.Outcome != transfer.Created {
			t.Errorf("line %d: %s: %s", r.Line, r.Outcome, r.Reason)
		}
	}
	out := from.export()
	for _, r := range to.bring(transfer.Import{TakeOver: true}, out...) {
		if r.Outcome != transfer.Created {
			t.Errorf("in again, line %d: %s: %s", r.Line, r.Outcome, r.Reason)
		}
	}
	back := to.export()
	slices.Sort(out) // all were made at one time
	slices.Sort(back)
	if diff := cmp.Diff(out, back); diff != "" {
		t.Errorf("not the same accounts (- out, + in again):\n%s", diff)
	}
	if len(out) != len(rows) {
		t.Errorf("%d of %d accounts came out", len(out), len(rows))
	}
}

func TestExportsOpenWithTheirIdentityAlone(t *testing.T) {
	t.Parallel()
	mine, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	recipients, err := transfer.Recipients([]string{mine.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	w, err := transfer.Encrypt(&file, recipients)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "planted\n"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(file.Bytes(), []byte("planted")) {
		t.Error("the file is bare")
	}
	open := func(identity string) (string, error) {
		r, err := transfer.Open(bytes.NewReader(file.Bytes()), secret.New(identity))
		if err != nil {
			return "", err
		}
		text, err := io.ReadAll(r)
		return string(text), err
	}
	if got, err := open("# a comment\n" + mine.String() + "\n"); got != "planted\n" || err != nil {
		t.Errorf("with the identity: %q, %v", got, err)
	}
	for name, identity := range map[string]string{"none": "", "another": other.String(), "a public key": mine.Recipient().String(), "damaged": mine.String()[:40]} {
		if got, err := open(identity); err == nil || got != "" || identity != "" && strings.Contains(err.Error(), identity) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := transfer.Recipients([]string{mine.String()}); err == nil || strings.Contains(err.Error(), mine.String()) {
		t.Errorf("a secret key as recipient: %v", err)
	}
}
