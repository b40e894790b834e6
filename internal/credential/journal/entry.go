package journal

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/store"
)

// Entry is one save that did not come about: the arguments of store.SaveCredential.
type Entry struct {
	Credential store.Credential // its Generation is not kept
	Expect     int64            // the generation that it replaces
	State      store.TokenState
}

// magic begins an entry's first line; the digest of the second line follows.
const magic = "avain-journal-1 "

// written is an entry's second line. Its names are a format on disk.
type written struct {
	Account   int64         `json:"account"`
	Record    string        `json:"record"`
	DataKey   []byte        `json:"dataKey"`
	Sealed    []byte        `json:"sealed"`
	Expect    int64         `json:"expect"`
	UpdatedAt time.Time     `json:"updatedAt"`
	Due       time.Duration `json:"due"` // nanoseconds

	Status       account.TokenStatus `json:"status"`
	Error        string              `json:"error"`
	IssuedAt     time.Time           `json:"issuedAt"`
	ExpiresAt    time.Time           `json:"expiresAt"`
	NativeScopes []string            `json:"nativeScopes"` // null is not empty
	Scopes       []scope.Scope       `json:"scopes"`
}

func encode(e Entry) ([]byte, error) {
	c, s := e.Credential, e.State
	line, err := json.Marshal(written{
		Account: int64(c.AccountID), Record: c.RecordID, DataKey: c.DataKey, Sealed: c.Sealed, Expect: e.Expect,
		UpdatedAt: c.UpdatedAt, Due: c.Due, Status: s.Status, Error: s.Error, IssuedAt: s.IssuedAt, ExpiresAt: s.ExpiresAt,
		NativeScopes: s.NativeScopes, Scopes: s.Scopes,
	})
	if err != nil {
		return nil, fmt.Errorf("encode the entry: %w", err)
	}
	digest := sha256.Sum256(line)
	return fmt.Appendf(nil, "%s%s\n%s\n", magic, hex.EncodeToString(digest[:]), line), nil
}

// errDamaged is of a file that is no whole entry.
var errDamaged = errors.New("it is not a whole entry of the journal")

func decode(content []byte) (Entry, error) {
	rest, ok := bytes.CutPrefix(content, []byte(magic))
	head, line, found := bytes.Cut(rest, []byte("\n"))
	line, whole := bytes.CutSuffix(line, []byte("\n"))
	digest := sha256.Sum256(line)
	if !ok || !found || !whole || string(head) != hex.EncodeToString(digest[:]) {
		return Entry{}, errDamaged
	}
	var w written
	if err := json.Unmarshal(line, &w); err != nil || w.Account == 0 || w.Record == "" || w.Sealed == nil || w.Expect == 0 {
		return Entry{}, errDamaged
	}
	return Entry{
		Credential: store.Credential{
			AccountID: account.ID(w.Account), RecordID: w.Record, DataKey: w.DataKey, Sealed: w.Sealed, UpdatedAt: w.UpdatedAt, Due: w.Due,
		},
		Expect: w.Expect,
		State: store.TokenState{
			Status: w.Status, Error: w.Error, IssuedAt: w.IssuedAt, ExpiresAt: w.ExpiresAt, NativeScopes: w.NativeScopes, Scopes: w.Scopes,
		},
	}, nil
}

// Endings of names in the folder.
const (
	endEntry = ".entry"
	endPart  = ".part"  // being written, or left by a process that ended then
	endAside = ".aside" // for a person to look at
)

// newName is an entry's name, which begins with its account.
func newName(e Entry) string {
	return prefix(e.Credential.AccountID) + strconv.FormatInt(e.Expect, 10) + "-" + rand.Text() + endEntry
}

func prefix(id account.ID) string { return strconv.FormatInt(int64(id), 10) + "-" }

func isEntry(name string) bool { return strings.HasSuffix(name, endEntry) }
