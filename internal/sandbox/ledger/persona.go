package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

// Domain is the e-mail domain of every persona. A login hint with another
// domain is not meant for the sandbox and is ignored.
const Domain = "sandbox.test"

// Persona is an invented person who has an account at every sandbox vendor.
type Persona struct {
	Key        string // "ada": what forms and login hints say
	Name       string // "Ada Lovelace"
	GivenName  string
	FamilyName string
	Email      string // key@sandbox.test
	Subject    string // 21 decimal digits, derived from Key: the same in every run
	Tenant     string // at vendors that have tenants: the one signed in to
}

// grants names whom a grant is of: a person is another one in each tenant.
func (p Persona) grants() string { return p.Key + "@" + p.Tenant }

// Personas returns all personas, in the order pages show them.
func Personas() []Persona {
	return []Persona{
		person("ada", "Ada", "Lovelace"),
		person("bob", "Bob", "Kahn"),
	}
}

// PersonaByKey finds a persona by the name before the first "+" of a hint.
func PersonaByKey(key string) (Persona, bool) {
	for _, p := range Personas() {
		if p.Key == key {
			return p, true
		}
	}
	return Persona{}, false
}

func person(key, given, family string) Persona {
	return Persona{
		Key: key, Name: given + " " + family, GivenName: given, FamilyName: family,
		Email: key + "@" + Domain, Subject: subject(key),
	}
}

// subject has the form of a Google sub: 21 digits, the first of them 1.
func subject(key string) string {
	sum := sha256.Sum256([]byte("sandbox persona " + key))
	high, low := binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])
	return fmt.Sprintf("1%010d%010d", high%1e10, low%1e10)
}

func personaKeys() string {
	var keys []string
	for _, p := range Personas() {
		keys = append(keys, p.Key)
	}
	return strings.Join(keys, ", ")
}
