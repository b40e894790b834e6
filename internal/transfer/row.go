package transfer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Row is one account as a line of the file writes it. The words are those of GET /v1/account
// where it has them.
type Row struct {
	// Ref is whatever the other system calls it: it comes back in the report.
	Ref string `json:"ref,omitempty"`
	// AccountID is the id that the account shall have; 0 for one that Avain draws.
	AccountID int64 `json:"accountId,omitempty"`

	ClientID      string `json:"clientId,omitempty"` // the application
	ServiceType   string `json:"serviceType"`
	OAuthClientID string `json:"oauthClientId,omitempty"` // the registration; the current one if not given

	AuthUserID    string `json:"authUserId,omitempty"` // whose it is: provider.Info.Subject
	AuthOrgID     string `json:"authOrgId,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified bool   `json:"emailVerified,omitempty"`
	Name          string `json:"name,omitempty"`
	LoginString   string `json:"loginString,omitempty"`

	ClientOrgID string `json:"clientOrgId,omitempty"`
	UserID      string `json:"userId,omitempty"`
	UserAccount string `json:"userAccount,omitempty"` // primary or secondary

	AuthScopes       words `json:"authScopes,omitempty"`       // unified
	AuthNativeScopes words `json:"authNativeScopes,omitempty"` // the provider's own
	RefreshScopes    words `json:"refreshScopes,omitempty"`

	RefreshToken       bare   `json:"refreshToken,omitempty"`
	AccessToken        bare   `json:"accessToken,omitempty"`
	AccessTokenExpires moment `json:"accessTokenExpires,omitzero"`
	Tenant             string `json:"tenant,omitempty"`
	Place              *place `json:"place,omitempty"`

	Password   bare     `json:"password,omitempty"`
	ServerURL  string   `json:"serverUrl,omitempty"`
	ServerInfo string   `json:"serverInfo,omitempty"` // where mail is sent
	Servers    []server `json:"servers,omitempty"`    // in place of both, with authUserId

	TokenStatus    string `json:"tokenStatus,omitempty"`
	TokenError     string `json:"tokenError,omitempty"`
	CreatedAt      moment `json:"createdAt,omitzero"`
	AuthObtainedAt moment `json:"authObtainedAt,omitzero"`
}

// place is provider.Place as a row writes it.
type place struct {
	Accounts string `json:"accounts,omitempty"`
	API      string `json:"api,omitempty"`
}

// server is provider.Server as a row writes it.
type server struct {
	Protocol string `json:"protocol"`
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Security string `json:"security"`
	Path     string `json:"path,omitempty"`
}

// bare is a secret on its way: shown by nothing but JSON.
type bare string

// String implements fmt.Stringer without the value.
func (bare) String() string { return "[redacted]" }

// GoString is String.
func (bare) GoString() string { return "[redacted]" }

// words are a list, or one text with spaces between them.
type words []string

// UnmarshalJSON implements json.Unmarshaler.
func (w *words) UnmarshalJSON(text []byte) error {
	var list []string
	if json.Unmarshal(text, &list) == nil {
		*w = list
		return nil
	}
	var one string
	if json.Unmarshal(text, &one) != nil {
		return errors.New("a list of texts, or one text with spaces")
	}
	*w = strings.Fields(one)
	return nil
}

// moment is a time: RFC 3339, or seconds since 1970.
type moment struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (m *moment) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	if n, err := strconv.ParseInt(string(text), 10, 64); err == nil && n > 0 && n < 1<<33 {
		m.Time = time.Unix(n, 0).UTC()
		return nil
	}
	var t time.Time
	if json.Unmarshal(text, &t) != nil || t.Year() < 1970 || t.Year() > 2200 {
		return errors.New("a time as 2027-01-31T12:00:00Z, or seconds since 1970")
	}
	m.Time = t.UTC()
	return nil
}

// rejection is why a row is not imported, for the report.
type rejection string

func (r rejection) Error() string { return string(r) }

func rejectf(format string, args ...any) error { return rejection(fmt.Sprintf(format, args...)) }

// readRow reads a line. The errors of the JSON library may quote it, so none is passed on.
func readRow(line []byte) (Row, error) {
	var r Row
	if line[0] != '{' {
		return r, rejection("it is no JSON object: a row begins with {")
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, malformed(line, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return r, rejection("there is more than one JSON object on the line")
	}
	return r, nil
}

func malformed(line []byte, err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return rejectf("%s: it is of the wrong kind: %s is wanted", kind.Field, kind.Type.Kind())
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(line, &members) != nil {
		return rejection("it is no JSON object: the syntax is wrong")
	}
	for name, value := range members {
		one, _ := json.Marshal(map[string]json.RawMessage{name: value})
		d := json.NewDecoder(bytes.NewReader(one))
		d.DisallowUnknownFields()
		err := d.Decode(new(Row))
		switch {
		case err == nil:
		case !nameLike(name):
			return rejection("there is a member whose name is none")
		case strings.Contains(err.Error(), "unknown field"):
			return rejectf("%s: there is no such member", name)
		default:
			return rejectf("%s: it is not written as it must be", name)
		}
	}
	return rejection("a member stands in it twice, or is not written as it must be")
}

// nameLike tells names of members from what must not be repeated.
func nameLike(s string) bool {
	return s != "" && len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") == ""
}
