package scope_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/avain-project/avain/internal/scope"
)

func TestParseSpellings(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]scope.Scope{
		"Mail.Read": scope.MailRead, "mail.readwrite": scope.MailReadWrite,
		"Mail.ReadOnly": scope.MailRead, "Calendar.ReadOnly": scope.CalendarRead, "CONTACTS.READONLY": scope.ContactsRead,
	} {
		got, err := scope.Parse(in)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	_, err := scope.Parse("Calendars.ReadWrite")
	var unknown *scope.UnknownError
	if !errors.As(err, &unknown) || unknown.Name != "Calendars.ReadWrite" {
		t.Errorf("a wrong plural must be named as unknown, got %v", err)
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	got := scope.Split([]string{"Mail.Read  Mail.Send", "Calendar.Read,Contacts.Read", "Tasks.Read+Mail.Read", ""})
	want := []string{"Mail.Read", "Mail.Send", "Calendar.Read", "Contacts.Read", "Tasks.Read"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestImplied(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		have scope.Scope
		need scope.Scope
		want bool
	}{
		{scope.MailReadWrite, scope.MailRead, true},
		{scope.MailReadWrite, scope.MailSend, false},
		{scope.MailDrafts, scope.MailSend, true},
		{scope.MailDrafts, scope.MailRead, false},
		{scope.MailAll, scope.MailDrafts, true},
		{scope.MailRead, scope.MailReadWrite, false},
		{scope.CalendarReadWrite, scope.ContactsRead, false},
	} {
		if got := scope.Covers([]scope.Scope{c.have}, c.need); got != c.want {
			t.Errorf("%s covers %s = %v, want %v", c.have, c.need, got, c.want)
		}
	}
}

func TestIntersect(t *testing.T) {
	t.Parallel()
	asked := []scope.Scope{scope.MailRead, scope.CalendarReadWrite}
	granted := []scope.Scope{scope.MailReadWrite, scope.CalendarRead}
	if d := cmp.Diff([]scope.Scope{scope.CalendarRead, scope.MailRead}, scope.Intersect(asked, granted)); d != "" {
		t.Error(d)
	}
}

// The ceiling of a token rests on this: an intersection never allows what one of
// its two sides does not.
func TestIntersectNeverWidens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		sets := rapid.SliceOfDistinct(rapid.SampledFrom(scope.All()), func(s scope.Scope) scope.Scope { return s })
		a, b := sets.Draw(r, "a"), sets.Draw(r, "b")
		both := scope.Intersect(a, b)
		for _, s := range scope.All() {
			want := scope.Covers(a, s) && scope.Covers(b, s)
			if got := scope.Covers(both, s); got != want {
				r.Fatalf("Intersect(%v, %v) = %v: covers %s = %v, want %v", a, b, both, s, got, want)
			}
		}
	})
}
