package salesforce

import (
	"crypto/sha256"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// OrgID is the org of a persona, named by its key.
func OrgID(key string) string { return recordID("00D", "org of "+key) }

// UserID is a persona's user in that org.
func UserID(key string) string { return recordID("005", "user "+key) }

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// recordID makes an id of 18 characters, the same in every run: the kind of record,
// twelve that say which, and three that say which of those before are capitals, so
// that systems that do not tell cases apart can.
func recordID(kind, of string) string {
	sum := sha256.Sum256([]byte("sandbox " + of))
	id := []byte(kind)
	for _, b := range sum[:12] {
		id = append(id, letters[int(b)%len(letters)])
	}
	for group := range 3 {
		n := 0
		for i, c := range id[5*group : 5*group+5] {
			if strings.ToLower(string(c)) != string(c) {
				n += 1 << i
			}
		}
		id = append(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[n])
	}
	return string(id)
}

// at is the persona as a user of their own org.
func at(p ledger.Persona) ledger.Persona {
	p.Tenant, p.Subject = OrgID(p.Key), UserID(p.Key)
	return p
}
