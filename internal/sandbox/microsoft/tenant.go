package microsoft

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"

	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// guid is a stable GUID for a text.
func guid(of string) string {
	sum := sha256.Sum256([]byte("sandbox " + of))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

var isGUID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// HomeTenant is the tenant (tid) of a persona, named by its key.
func HomeTenant(key string) string { return guid("tenant of " + key) }

// ObjectID is the person's oid in a tenant; it is another one in each.
func ObjectID(key, tenant string) string { return guid(key + " in " + tenant) }

// several are the tenants of the path that stand for the person's own.
func several(tenant string) bool { return tenant == "common" || tenant == "organizations" }

// knownTenant says whether the path names a tenant that there is.
func knownTenant(tenant string) bool {
	return several(tenant) || tenant == ledger.Domain || isGUID.MatchString(strings.ToLower(tenant))
}

// in is the persona as the tenant of the path knows them: at home, or as a guest.
func in(tenant string, p ledger.Persona) ledger.Persona {
	p.Tenant = strings.ToLower(tenant)
	if several(tenant) || tenant == ledger.Domain {
		p.Tenant = HomeTenant(p.Key)
	}
	p.Subject = ObjectID(p.Key, p.Tenant)
	return p
}

// principal is the userPrincipalName: the address at home, elsewhere the guest's
// name under the tenant's own domain.
func principal(p ledger.Persona) string {
	if p.Tenant == HomeTenant(p.Key) {
		return p.Email
	}
	return strings.ReplaceAll(p.Email, "@", "_") + "#EXT#@" + p.Tenant[:8] + ".onmicrosoft.test"
}
