package transfer_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/transfer"
)

// Rows that are wrong in one member are rejected with its name and without any value of the
// row, and the good ones around them are imported.
func TestEachMemberCanBeWrong(t *testing.T) {
	t.Parallel()
	const planted = "planted"
	imap := with{"serviceType": "IMAP", "authUserId": nil, "refreshToken": nil, "password": planted + "-password", "serverUrl": "imaps://mail.example"}
	login := func(members with) with {
		out := with{}
		for _, m := range []with{imap, members} {
			for name, value := range m {
				out[name] = value
			}
		}
		return out
	}
	var names, wants, rows []string
	for name, c := range map[string]struct {
		line string
		want string // beginning of the reason
	}{
		"no JSON":                 {planted, "it is no JSON object"},
		"cut off":                 {row(nil)[:40], "it is no JSON object"},
		"two objects":             {row(nil) + row(nil), "there is more than one"},
		"a list":                  {"[" + row(nil) + "]", "it is no JSON object"},
		"too long":                {row(with{"name": strings.Repeat(planted, 1<<16)}), "it is longer than"},
		"unknown member":          {row(with{"refresh_token": planted}), "refresh_token: "},
		"a value as a name":       {row(with{planted + "/value": 1}), "there is a member whose name is none"},
		"kind of clientId":        {row(with{"clientId": 12345}), "clientId: "},
		"kind of scopes":          {row(with{"authNativeScopes": 12345}), "authNativeScopes: "},
		"ref":                     {row(with{"ref": strings.Repeat(planted, 64)}), "ref: "},
		"accountId":               {row(with{"accountId": -1}), "accountId: "},
		"no clientId":             {row(with{"clientId": nil}), "clientId: "},
		"clientId":                {row(with{"clientId": planted}), "clientId: "},
		"no serviceType":          {row(with{"serviceType": nil}), "serviceType: "},
		"serviceType":             {row(with{"serviceType": planted}), "serviceType: "},
		"oauthClientId":           {row(with{"oauthClientId": planted}), "oauthClientId: "},
		"no authUserId":           {row(with{"authUserId": nil}), "authUserId: "},
		"authUserId of another":   {row(with{"serviceType": "Office365", "authUserId": planted}), "authUserId: "},
		"authUserId by half":      {row(with{"serviceType": "Office365", "authUserId": planted + "/"}), "authUserId: "},
		"authOrgId":               {row(with{"serviceType": "Office365", "authUserId": "a/b", "authOrgId": planted}), "authOrgId: "},
		"line break in email":     {row(with{"email": planted + "\r\n"}), "email: "},
		"name that turns around":  {row(with{"name": planted + "\u202e"}), "name: "},
		"loginString":             {row(with{"loginString": strings.Repeat(planted, 200)}), "loginString: "},
		"clientOrgId":             {row(with{"clientOrgId": strings.Repeat(planted, 64)}), "clientOrgId: "},
		"userId alone":            {row(with{"userId": planted}), "userId: "},
		"userAccount":             {row(with{"userId": "u", "userAccount": planted}), "userAccount: "},
		"authScopes":              {row(with{"authScopes": planted}), "authScopes: "},
		"authNativeScopes":        {row(with{"authNativeScopes": []string{planted + " two"}}), "authNativeScopes: "},
		"no refreshToken":         {row(with{"refreshToken": nil}), "refreshToken: "},
		"refreshToken":            {row(with{"refreshToken": planted + "\n"}), "refreshToken: "},
		"accessToken":             {row(with{"accessToken": planted + "ä"}), "accessToken: "},
		"accessTokenExpires":      {row(with{"accessTokenExpires": planted}), "accessTokenExpires: "},
		"tokenStatus":             {row(with{"tokenStatus": planted}), "tokenStatus: "},
		"createdAt":               {row(with{"createdAt": "31.1.2027"}), "createdAt: "},
		"password of a grant":     {row(with{"password": planted}), "password: "},
		"place without places":    {row(with{"serverUrl": planted}), "serverUrl: "},
		"another's place":         {row(with{"serviceType": "Zoho", "authUserId": "eu/1", "serverUrl": "https://" + planted + ".example"}), "serverUrl: "},
		"another's API":           {row(with{"serviceType": "Salesforce", "authUserId": "o/u", "place": with{"api": "https://" + planted + ".example"}}), "place: "},
		"one that rotates":        {row(with{"serviceType": "Hubspot", "authUserId": "42/7"}), "refreshToken: HubSpot may end it"},
		"login without password":  {row(login(with{"password": nil})), "password: "},
		"login with a token":      {row(login(with{"refreshToken": planted})), "refreshToken: "},
		"login without a server":  {row(login(with{"serverUrl": nil})), "serverUrl: "},
		"login at no server":      {row(login(with{"serverUrl": "https://" + planted + "/"})), "serverUrl: "},
		"login of nobody":         {row(login(with{"email": planted})), "email: "},
		"login with line breaks":  {row(login(with{"password": planted + "\r\n"})), "password: "},
		"login of somebody else":  {row(login(with{"authUserId": "imap://" + planted + "@mail.example"})), "authUserId: "},
		"servers of another form": {row(login(with{"servers": []with{{"protocol": "pop3"}}})), "authUserId: "},
		"servers": {row(login(with{
			"authUserId": "imap://a@mail.example", "loginString": "a", "servers": []with{{"protocol": "imap", "host": planted + "/x", "port": 1, "security": "tls"}},
		})), "servers: "},
		"Exchange by autodiscover": {row(login(with{"serviceType": "EWS", "serverUrl": "https://mail.example/autodiscover/autodiscover.xml"})), "serverUrl: "},
	} {
		names = append(names, name)
		wants = append(wants, c.want)
		rows = append(rows, c.line, row(with{"authUserId": fmt.Sprint("good ", len(rows))}))
	}
	h := newHouse(t)
	got := h.bring(transfer.Import{}, rows...)
	for i, name := range names {
		bad, good := got[2*i], got[2*i+1]
		if bad.Outcome != transfer.Rejected || !strings.HasPrefix(bad.Reason, wants[i]) {
			t.Errorf("%s: %s (%s), want a rejection that begins %q", name, bad.Outcome, bad.Reason, wants[i])
		}
		if strings.Contains(bad.Reason+bad.Ref, planted) || strings.Contains(bad.Reason, "12345") {
			t.Errorf("%s: the reason repeats a value: %s", name, bad.Reason)
		}
		if good.Outcome != transfer.Created {
			t.Errorf("the row after %s: %s (%s)", name, good.Outcome, good.Reason)
		}
	}
	if h.accounts() != len(names) {
		t.Errorf("%d accounts of %d good rows", h.accounts(), len(names))
	}
}

// The same file again changes nothing, and makes no second bearer; what was broken off goes on.
func TestTheSameFileAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var rows []string
	for i := range 450 { // more than two batches
		rows = append(rows, row(with{"authUserId": fmt.Sprint(i), "email": fmt.Sprintf("p%d@example.com", i), "userId": fmt.Sprintf("user-%d", i/2), "userAccount": "secondary"}))
	}
	bearers := map[account.ID]int{}
	in := transfer.Import{Bearers: func(all []transfer.Bearer) error {
		for _, b := range all {
			bearers[b.AccountID]++
		}
		return nil
	}}
	h.bring(in, rows[:100]...)
	first := h.bring(in, rows...)
	again := h.bring(in, rows...)
	for i := range rows {
		want := transfer.Created
		if i < 100 {
			want = transfer.Unchanged
		}
		if first[i].Outcome != want || again[i].Outcome != transfer.Unchanged || again[i].AccountID != first[i].AccountID {
			t.Fatalf("line %d: %v, then %v", i+1, first[i], again[i])
		}
		if bearers[first[i].AccountID] != 1 {
			t.Fatalf("line %d has %d bearers", i+1, bearers[first[i].AccountID])
		}
	}
	if h.accounts() != len(rows) {
		t.Errorf("%d accounts", h.accounts())
	}
}

// What Avain has got itself is newer than any file: it stays. What a file brought is replaced by
// a newer file.
func TestAnOlderFileReplacesNothingNewer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.bring(transfer.Import{}, row(with{"refreshToken": "first"}))[0].AccountID
	if got := h.bring(transfer.Import{}, row(with{"refreshToken": "second", "name": "Ada"})); got[0].Outcome != transfer.Updated || got[0].AccountID != id {
		t.Fatalf("a newer file: %v", got)
	}
	if got := h.refreshToken(id); got != "second" {
		t.Fatalf("stored is %q", got)
	}
	cred, err := h.store.Credential(t.Context(), id)
	h.ok(err)
	h.ok(h.store.SaveCredential(t.Context(), cred, cred.Generation, store.TokenState{Status: account.TokenActive, IssuedAt: noon})) // as a refresh does
	got := h.bring(transfer.Import{}, row(with{"refreshToken": "first"}))
	if got[0].Outcome != transfer.Unchanged || !strings.Contains(got[0].Reason, "kept") || h.refreshToken(id) != "second" {
		t.Errorf("an older file after a refresh: %v; stored is %q", got, h.refreshToken(id))
	}
	_, err = h.store.MarkToken(t.Context(), id, cred.Generation+1, store.TokenState{Status: account.TokenDead, Error: "revoked"})
	h.ok(err)
	if got := h.bring(transfer.Import{}, row(with{"refreshToken": "third"})); got[0].Outcome != transfer.Updated || h.refreshToken(id) != "third" || h.account(id).TokenStatus != account.TokenActive {
		t.Errorf("a file for a dead account: %v; stored is %q", got, h.refreshToken(id))
	}
}

// A row that clashes with what is there is rejected alone; its batch is imported.
func TestAClashRejectsOneRow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	taken := h.bring(transfer.Import{}, row(with{"authUserId": "there", "userId": "ann", "userAccount": "primary"}))[0].AccountID
	got := h.bring(transfer.Import{},
		row(with{"authUserId": "one"}),
		row(with{"authUserId": "two", "accountId": int64(taken)}),
		row(with{"authUserId": "there", "userId": "bob", "userAccount": "primary"}), // somebody else's primary: one logs in with it
		row(with{"authUserId": "there", "userId": "ann", "userAccount": "secondary"}),
		row(with{"authUserId": "five", "userId": "ann", "userAccount": "secondary"}))
	want := []transfer.Outcome{transfer.Created, transfer.Rejected, transfer.Rejected, transfer.Rejected, transfer.Created}
	if diff := cmp.Diff(want, outcomes(got)); diff != "" {
		t.Errorf("%s\n%v", diff, got)
	}
	if _, err := h.store.User(t.Context(), h.app.ID, "bob"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of the rejected row a user is left: %v", err)
	}
	if h.accounts() != 3 {
		t.Errorf("%d accounts", h.accounts())
	}
}

func TestADryRunWritesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	got := h.bring(transfer.Import{DryRun: true}, row(nil), row(with{"serviceType": "x"}))
	if diff := cmp.Diff([]transfer.Outcome{transfer.Created, transfer.Rejected}, outcomes(got)); diff != "" || got[0].AccountID != 0 {
		t.Error(diff, got)
	}
	if events, err := h.store.AuditEvents(t.Context(), 9); h.accounts() != 0 || err != nil || len(events) != 0 {
		t.Errorf("%d accounts, audit %v, %v", h.accounts(), events, err)
	}
}
