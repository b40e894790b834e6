package sandbox_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/avain-project/avain/internal/sandbox"
)

// area is the least call of a part of an account, and a scope that opens it.
type area struct{ path, scope string }

func googleAreas() []area {
	const base = "https://www.googleapis.com/auth/"
	return []area{
		{"/gmail/v1/users/me/profile?fields=historyId", base + "gmail.compose"},
		{"/calendar/v3/users/me/calendarList?maxResults=1&fields=kind", base + "calendar.readonly"},
		{"/v1/people/me/connections?pageSize=1&personFields=metadata", base + "contacts.readonly"},
		{"/tasks/v1/users/@me/lists?maxResults=1", base + "tasks"},
	}
}

func officeAreas() []area {
	return []area{
		{"/me/mailFolders/inbox?$select=id", "Mail.ReadWrite"},
		{"/me/calendar?$select=id", "Calendars.Read"},
		{"/me/contacts?$top=1&$select=id", "Contacts.Read"},
		{"/me/todo/lists?$top=1", "Tasks.ReadWrite"},
	}
}

// Each scope opens its own area and no other.
func TestEachAreaHasItsScope(t *testing.T) {
	t.Parallel()
	b, o := setup(t), setupOffice(t)
	for _, granted := range googleAreas() {
		access := b.connect("scope", "openid "+granted.scope).Access
		for _, called := range googleAreas() {
			b.wantStatus(b.get(called.path, access).StatusCode, expected(granted == called))
		}
	}
	for _, granted := range officeAreas() {
		access := o.signIn("common", "scope", "openid User.Read "+granted.scope).Access
		for _, called := range officeAreas() {
			o.wantStatus(o.get(called.path, access).StatusCode, expected(granted == called))
		}
	}
	// Sending is no reading.
	b.wantStatus(b.get(googleAreas()[0].path, b.connect("scope", "openid "+gmailSend).Access).StatusCode, http.StatusForbidden)
	o.wantStatus(o.get(officeAreas()[0].path, o.signIn("common", "scope", "openid Mail.Send").Access).StatusCode, http.StatusForbidden)
}

func expected(open bool) int {
	if open {
		return http.StatusOK
	}
	return http.StatusForbidden
}

func TestContactsAndTasks(t *testing.T) {
	t.Parallel()
	b, o := setup(t), setupOffice(t)
	all := "openid https://www.googleapis.com/auth/contacts https://www.googleapis.com/auth/tasks"
	access := b.connect("scope", all).Access
	people := into[struct {
		Connections []struct {
			Names          []struct{ DisplayName string }
			EmailAddresses []struct{ Value string }
		}
		TotalItems int
	}](b, b.get("/v1/people/me/connections?pageSize=2&personFields=names", access))
	if len(people.Connections) != 2 || people.TotalItems != 3 || people.Connections[0].Names[0].DisplayName != "Charles Babbage" || people.Connections[0].EmailAddresses != nil {
		t.Errorf("connections %+v", people)
	}
	for _, bad := range []string{"", "?pageSize=0&personFields=names", "?pageSize=2"} {
		b.wantStatus(b.get("/v1/people/me/connections"+bad, access).StatusCode, http.StatusBadRequest)
	}
	lists := into[struct{ Items []struct{ Title string } }](b, b.get("/tasks/v1/users/@me/lists", access))
	if len(lists.Items) != 1 || lists.Items[0].Title == "" {
		t.Errorf("task lists %+v", lists)
	}

	access = o.signIn("common", "scope", "openid Contacts.Read Tasks.Read Calendars.Read Mail.Read").Access
	for path, want := range map[string]string{"/me/contacts?$top=1": "Charles Babbage", "/me/todo/lists": "Tasks"} {
		got := into[struct {
			Value []struct{ DisplayName string }
		}](o.bench, o.get(path, access))
		if len(got.Value) != 1 || got.Value[0].DisplayName != want {
			t.Errorf("%s: %+v", path, got)
		}
	}
	for path, want := range map[string]int{
		"/me/mailFolders/SentItems": 200, "/me/mailFolders/attic": 404, "/me/contacts?$top=0": 400, "/me/calendar": 200,
	} {
		if got := o.get(path, access); got.StatusCode != want {
			t.Errorf("%s: %d %s", path, got.StatusCode, got.text)
		}
	}
}

// The scope is granted, and the service refuses all the same.
func TestTagNoMail(t *testing.T) {
	t.Parallel()
	b, o := setup(t), setupOffice(t)
	const hint = "ada+auto+nomail@sandbox.test"
	var scopes, permissions string
	for i := range googleAreas() {
		scopes += " " + googleAreas()[i].scope
		permissions += " " + officeAreas()[i].scope
	}
	got := b.connect("login_hint", hint, "scope", "openid"+scopes)
	var refused struct {
		Error struct{ Errors []struct{ Reason string } }
	}
	for i, a := range googleAreas() {
		answer := b.get(a.path, got.Access)
		if i > 0 {
			b.wantStatus(answer.StatusCode, http.StatusOK)
			continue
		}
		b.wantStatus(answer.StatusCode, http.StatusBadRequest)
		if err := json.Unmarshal([]byte(answer.text), &refused); err != nil || refused.Error.Errors[0].Reason != "failedPrecondition" {
			t.Errorf("Gmail's refusal is %s", answer.text)
		}
	}
	b.wantStatus(b.get(googleAreas()[0].path, b.refresh(got.Refresh).Access).StatusCode, http.StatusBadRequest)
	// Tags of the newest consent hold: the mail service is switched on again.
	b.connect("scope", "openid"+scopes)
	b.wantStatus(b.get(googleAreas()[0].path, got.Access).StatusCode, http.StatusOK)

	access := o.signIn("common", "login_hint", hint, "scope", "openid User.Read"+permissions).Access
	paths := []string{"/me/messages"}
	for _, a := range officeAreas() {
		paths = append(paths, a.path)
	}
	for _, path := range slices.Backward(paths) {
		if answer := o.get(path, access); answer.StatusCode != http.StatusNotFound || graphCode(answer) != "MailboxNotEnabledForRESTAPI" {
			t.Errorf("%s: %d %s", path, answer.StatusCode, answer.text)
		}
	}
	o.wantStatus(o.get("/me", access).StatusCode, http.StatusOK)
}

func graphCode(a answer) string {
	var body struct{ Error struct{ Code string } }
	_ = json.Unmarshal([]byte(a.text), &body)
	return body.Error.Code
}

// An API that the project has not enabled is an error fault with its reason.
func TestAnErrorFaultAtTheAPIHasItsForm(t *testing.T) {
	t.Parallel()
	b, o := setup(t), setupOffice(t)
	b.fault(sandbox.Fault{Vendor: "Google", Endpoint: "api", Kind: "error", Error: "accessNotConfigured", Status: http.StatusForbidden})
	answer := b.get("/gmail/v1/users/me/profile", b.connect().Access)
	var body struct {
		Error struct {
			Status string
			Errors []struct{ Reason string }
		}
	}
	if err := json.Unmarshal([]byte(answer.text), &body); err != nil || answer.StatusCode != http.StatusForbidden ||
		body.Error.Status != "PERMISSION_DENIED" || body.Error.Errors[0].Reason != "accessNotConfigured" {
		t.Errorf("Google: %d %s", answer.StatusCode, answer.text)
	}
	err := o.sandbox.SetFaults([]sandbox.Fault{{
		Vendor: "Office365", Endpoint: "api", Kind: "error", Error: "MailboxNotSupportedForRESTAPI", Status: http.StatusNotFound,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if answer := o.get("/me/messages", o.signIn("common").Access); answer.StatusCode != http.StatusNotFound || graphCode(answer) != "MailboxNotSupportedForRESTAPI" {
		t.Errorf("Office365: %d %s", answer.StatusCode, answer.text)
	}
}
