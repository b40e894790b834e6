package storetest

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/store"
)

// BeforeSmaller is the schema that [FillBeforeSmaller] writes: the last one whose accounts name all
// by texts.
const BeforeSmaller = 16

// Ids as Avain draws them, and one as a hand has written it.
var (
	oldRecord = strings.Repeat("0a", 16)
	oldToken  = strings.Repeat("ff", 16)
)

const revokedID = "by hand"

// FillBeforeSmaller writes two accounts of one person: the canonical one, and one beside it.
func FillBeforeSmaller(t *testing.T, db *sql.DB) {
	t.Helper()
	exec := func(statement string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	exec(`INSERT INTO applications (id, client_id, name, settings, created_at, updated_at) VALUES ('app', 'client', 'App', '{}', 1, 1)`)
	exec(`INSERT INTO registrations (id, application_id, service_type, client_id, scopes, native_scopes, tenant, cloud, endpoints, callback_url,
		unbound_browser, is_current, revision, created_at, updated_at) VALUES ('reg', 'app', 'Google', 'c', '', '', '', '', '{}', '', FALSE, TRUE, 7, 1, 1)`)
	const key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	for i, a := range []struct{ key, login string }{{key, "ada@mail.test"}, {"fresh:2", "ada"}} {
		exec(`INSERT INTO accounts (id, application_id, registration_id, service_type, kind, client_org_id, identity_key, subject, org_id, email, email_verified, name,
			login_string, scopes, native_scopes, token_status, token_error, token_issued_at, auth_obtained_at, auth_expires_at, created_at, updated_at, parent_id)
			VALUES ($1, 'app', 'reg', 'Google', 'personal', 'org', $2, 'ada', '', 'ada@mail.test', TRUE, 'Ada', $3, 'ReadMail SendMail', 'native', 'active', '', 2, 3, 4, 5, 6, $4)`,
			i+1, a.key, a.login, i)
	}
	exec(`INSERT INTO credentials (account_id, record_id, data_key, sealed, generation, updated_at) VALUES (1, $1, $2, $3, 4, 8)`, oldRecord, []byte("key"), []byte("sealed"))
	exec(`INSERT INTO credentials (account_id, record_id, data_key, sealed, generation, updated_at) VALUES (2, 'by hand', $1, NULL, 1, 8)`, []byte("key"))
	exec(`INSERT INTO refreshes (account_id, generation, holder, held_until, doubt_until, retry_at, failures, failure, due_at) VALUES (1, 4, '', 0, 0, 0, 2, 'busy', 1)`)
	exec(`INSERT INTO codes (hash, application_id, account_id, attempt_id, ceiling, challenge, created_at, expires_at, used_at, token_id)
		VALUES ($1, 'app', 1, 'attempt', 'ReadMail', '', 1, 2, 0, '')`, hashOf("code"))
	exec(`INSERT INTO tokens (id, hash, application_id, account_id, ceiling, limited, created_at, revoked_at) VALUES ($1, $2, 'app', 1, 'ReadMail', TRUE, 9, 0)`,
		oldToken, hashOf("live"))
	exec(`INSERT INTO tokens (id, hash, application_id, account_id, ceiling, limited, created_at, revoked_at) VALUES ($1, $2, 'gone', 99, '', FALSE, 9, 10)`,
		revokedID, hashOf("revoked"))
}

// ReadSmaller reads all of it through the store, after the migration.
func ReadSmaller(t *testing.T, s *store.Store) {
	t.Helper()
	w := &world{TB: t, Store: s}
	at := func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
	token, got, err := s.Bearer(w.ctx(), hashOf("live"))
	w.ok(err)
	want := account.Account{
		ID: 1, ApplicationID: "app", RegistrationID: "reg", ServiceType: account.Google, Kind: account.KindPersonal, ClientOrgID: "org",
		Identity:    account.Identity{Subject: "ada", Email: "ada@mail.test", EmailVerified: true, Name: "Ada"},
		LoginString: "ada@mail.test", Scopes: []scope.Scope{"ReadMail", "SendMail"}, NativeScopes: []string{"native"}, TokenStatus: account.TokenActive,
		TokenIssuedAt: at(2), AuthObtainedAt: at(3), AuthExpiresAt: at(4), CreatedAt: at(5), UpdatedAt: at(6),
	}
	equal(t, got, want)
	equal(t, []int64{got.CredentialGeneration, got.RegistrationRevision}, []int64{4, 7})
	equal(t, token, store.Token{ID: oldToken, Hash: hashOf("live"), ApplicationID: "app", AccountID: 1, Ceiling: []scope.Scope{"ReadMail"}, Limited: true, CreatedAt: at(9)})
	revoked, none, err := s.Bearer(w.ctx(), hashOf("revoked"))
	w.ok(err)
	equal(t, none, account.Account{})
	equal(t, revoked, store.Token{ID: revokedID, Hash: hashOf("revoked"), ApplicationID: "gone", AccountID: 99, CreatedAt: at(9), RevokedAt: at(10)})

	want.ID, want.LoginString, want.ParentID = 2, "ada", 1
	equal(t, must(s.Account(w.ctx(), 2))(t), want)
	equal(t, must(s.Credential(w.ctx(), 1))(t),
		store.Credential{AccountID: 1, RecordID: oldRecord, DataKey: []byte("key"), Sealed: []byte("sealed"), Generation: 4, UpdatedAt: at(8)})
	equal(t, must(s.Credential(w.ctx(), 2))(t).RecordID, "by hand")
	equal(t, must(s.Code(w.ctx(), hashOf("code")))(t).Ceiling, []scope.Scope{"ReadMail"})
	equal(t, must(s.DueRegistrations(w.ctx()))(t), []store.DueRegistration{{ID: "reg", ServiceType: account.Google}})
	claims := must(s.ClaimDue(w.ctx(), store.DueRequest{Turn: "turn", Holder: "holder", Shares: []store.DueShare{{RegistrationID: "reg", N: 5}}}))(t)
	equal(t, claims, []store.Claim{{AccountID: 1, Generation: 4, Holder: "holder", RegistrationID: "reg", Failures: 2}})
	w.is(s.DeleteRegistration(w.ctx(), "reg"), store.ErrConflict) // the references are there too
	w.ok(s.RevokeToken(w.ctx(), oldToken, at(20)))
	w.ok(s.DeleteAccount(w.ctx(), 1, at(20)))
	_, err = s.Credential(w.ctx(), 1)
	w.is(err, store.ErrNotFound)
	_, err = s.Code(w.ctx(), hashOf("code"))
	w.is(err, store.ErrNotFound)
	w.ok(s.DeleteApplication(w.ctx(), "app", at(20)))
	_, err = s.Account(w.ctx(), 2)
	w.is(err, store.ErrNotFound)
}
