package account_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/avain-project/avain/internal/account"
)

func TestNewIDStaysWithinJSONNumbers(t *testing.T) {
	t.Parallel()
	for range 1000 {
		id, err := account.NewID(rand.Reader)
		if err != nil || id < 1 || id > 1<<53-1 {
			t.Fatalf("NewID = %d, %v", id, err)
		}
	}
	// All bits set must be cut down; all bits clear must be drawn again.
	id, err := account.NewID(bytes.NewReader(append(make([]byte, 8), bytes.Repeat([]byte{0xff}, 8)...)))
	if err != nil || id != 1<<53-1 {
		t.Errorf("NewID = %d, %v; want the largest id", id, err)
	}
	if _, err := account.NewID(bytes.NewReader(nil)); err == nil {
		t.Error("a broken random source must be an error")
	}
}

func TestParseID(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "0", "-1", "9007199254740992", "1.0", "abc", " 1", "0x10"} {
		if id, err := account.ParseID(bad); err == nil {
			t.Errorf("ParseID(%q) = %d, want an error", bad, id)
		}
	}
	if id, err := account.ParseID("9007199254740991"); err != nil || id != 1<<53-1 {
		t.Errorf("ParseID(largest) = %d, %v", id, err)
	}
}

func TestParseServiceType(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]account.ServiceType{
		"Google": account.Google, "google": account.Google, "HubSpot": account.Hubspot, "ZohoMail": account.Zoho, "OFFICE365": account.Office365,
	} {
		if got, ok := account.ParseServiceType(in); !ok || got != want {
			t.Errorf("ParseServiceType(%q) = %q, %v", in, got, ok)
		}
	}
	if got, ok := account.ParseServiceType("Gogle"); ok {
		t.Errorf("a typing error was taken for %q", got)
	}
}

func TestClientIDShape(t *testing.T) {
	t.Parallel()
	if id := account.NewClientID(); !account.ValidClientID(id) {
		t.Errorf("NewClientID() = %q does not have its own shape", id)
	}
	for _, bad := range []string{"", "ABCDEF0123456789abcdef0123456789", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdeg"} {
		if account.ValidClientID(bad) {
			t.Errorf("%q passes for a client id", bad)
		}
	}
}
