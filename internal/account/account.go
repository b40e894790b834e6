package account

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/avain-project/avain/internal/scope"
)

// ID identifies an account: random, 1 … 2^53−1, so that every JSON reader,
// JavaScript included, keeps it exact.
type ID int64

const maxID = 1<<53 - 1

// NewID draws an id from random (crypto/rand.Reader in production).
func NewID(random io.Reader) (ID, error) {
	var b [8]byte
	for {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return 0, fmt.Errorf("draw an account id: %w", err)
		}
		if n := binary.BigEndian.Uint64(b[:]) & maxID; n != 0 {
			return ID(n), nil
		}
	}
}

// ParseID reads the decimal form; anything that cannot be an id is an error.
func ParseID(s string) (ID, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 || n > maxID {
		return 0, fmt.Errorf("%q is not an account id: a number from 1 to 2^53-1", s)
	}
	return ID(n), nil
}

func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// NewRecordID names a record: 128 random bits as hexadecimal. Sealed values are
// bound to it, so it exists before the row does.
func NewRecordID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return fmt.Sprintf("%x", b)
}

// TokenStatus says how the provider's credential stands (contract §4.1).
type TokenStatus string

// The token states.
const (
	TokenActive  TokenStatus = "active"
	TokenInvalid TokenStatus = "invalid" // the provider answered 401; still tried
	TokenDead    TokenStatus = "dead"    // only a new sign-in helps; the provider is not called
)

// Kind is the contract's AccountType.
type Kind string

// The kinds of accounts.
const (
	KindPersonal Kind = "personal" // a person's own, connected in a browser or from known credentials
	KindDaemon   Kind = "daemon"   // a service account: an organization's, by its administrator's consent
	KindManaged  Kind = "managed"  // one mailbox under a service account
)

// UserRole is the contract's UserAccountType: what an account is to the user whom it
// belongs to.
type UserRole string

// The roles. A user has one primary account, the one that logged in.
const (
	UserPrimary   UserRole = "primary"
	UserSecondary UserRole = "secondary"
)

// Identity is who signed in, in the provider's words. Subject is stable for the
// person; the e-mail address is not.
type Identity struct {
	Subject       string // Google: sub
	OrgID         string // tenant or hosted domain, where the provider tells
	Email         string
	EmailVerified bool // the provider vouches that the person owns Email
	Name          string
}

// Account is one connected person at one provider, under one application.
type Account struct {
	ID             ID
	ApplicationID  string
	RegistrationID string // the registration whose grant the credential is
	ServiceType    ServiceType
	Kind           Kind
	ClientOrgID    string   // the application's own grouping key
	ParentID       ID       // the service account that a managed one stands under; 0 for none
	UserID         string   // the user whom it belongs to; empty for none
	UserRole       UserRole // what it is to that user; empty without one
	Identity       Identity
	LoginString    string // what the person signed in as: the address, or a login name
	Scopes         []scope.Scope
	NativeScopes   []string
	TokenStatus    TokenStatus
	TokenError     string    // why the credential is not active; for people
	TokenIssuedAt  time.Time // when the provider last issued an access token
	AuthObtainedAt time.Time // when the person last signed in
	AuthExpiresAt  time.Time // when the access token ends; zero if the provider does not say
	CreatedAt      time.Time
	UpdatedAt      time.Time

	// Versions of the two records behind the account, as they stood when it was
	// read: what was opened once for the same version need not be read again.
	// Both grow with each change and are never written through the account.
	CredentialGeneration int64 // 0: there is no credential
	RegistrationRevision int64
}
