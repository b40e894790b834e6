package access_test

import (
	"errors"
	"testing"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/scope"
)

func TestCallersNeedTheScopes(t *testing.T) {
	t.Parallel()
	granted := account.Account{Scopes: []scope.Scope{scope.MailReadWrite, scope.MailSend}}
	bearer := access.Caller{Account: granted, Ceiling: []scope.Scope{scope.MailReadWrite}}
	for name, c := range map[string]struct {
		caller  access.Caller
		need    []scope.Scope
		missing string
	}{
		"in the ceiling":           {bearer, []scope.Scope{scope.MailReadWrite}, ""},
		"implied":                  {bearer, []scope.Scope{scope.MailRead}, ""},
		"nothing":                  {access.Caller{}, nil, ""},
		"of the account alone":     {bearer, []scope.Scope{scope.MailRead, scope.MailSend}, "Mail.Send"},
		"of nobody":                {bearer, []scope.Scope{scope.MailSend, scope.TasksRead}, "Mail.Send Tasks.Read"},
		"the application may":      {access.Caller{Account: granted, ByApplication: true}, []scope.Scope{scope.MailSend}, ""},
		"the user may":             {access.Caller{Account: granted, ByUser: true}, []scope.Scope{scope.MailSend}, ""},
		"… what the account holds": {access.Caller{Account: granted, ByApplication: true}, []scope.Scope{scope.ContactsRead}, "Contacts.Read"},
	} {
		err := c.caller.Need(c.need...)
		var f *fault.Error
		switch {
		case c.missing == "" && err != nil, c.missing != "" && (!errors.As(err, &f) || f.Code != fault.ScopeInsufficient || f.Scope != c.missing):
			t.Errorf("%s: %v", name, err)
		}
	}
}
