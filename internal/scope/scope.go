package scope

import (
	"fmt"
	"slices"
	"strings"
)

// Scope is one unified scope, always in the contract's spelling.
type Scope string

// The unified scopes (contract §4.1).
const (
	CalendarRead      Scope = "Calendar.Read"
	CalendarReadWrite Scope = "Calendar.ReadWrite"
	MailRead          Scope = "Mail.Read"
	MailReadWrite     Scope = "Mail.ReadWrite"
	MailSend          Scope = "Mail.Send"
	MailDrafts        Scope = "Mail.Drafts"
	MailAll           Scope = "Mail.All"
	ContactsRead      Scope = "Contacts.Read"
	ContactsReadWrite Scope = "Contacts.ReadWrite"
	TasksRead         Scope = "Tasks.Read"
	TasksReadWrite    Scope = "Tasks.ReadWrite"
)

// All lists the unified scopes in the contract's order.
func All() []Scope {
	return []Scope{
		CalendarRead, CalendarReadWrite, MailRead, MailReadWrite, MailSend, MailDrafts, MailAll,
		ContactsRead, ContactsReadWrite, TasksRead, TasksReadWrite,
	}
}

// implied holds, for each scope that is wider than others, all that it includes
// (contract §4.2: Mail.ReadWrite does not send; Mail.Drafts does).
var implied = map[Scope][]Scope{
	CalendarReadWrite: {CalendarRead},
	MailReadWrite:     {MailRead},
	MailDrafts:        {MailSend},
	MailAll:           {MailRead, MailReadWrite, MailSend, MailDrafts},
	ContactsReadWrite: {ContactsRead},
	TasksReadWrite:    {TasksRead},
}

// aliases are older spellings that clients still send (contract §3.2).
var aliases = map[string]Scope{
	"mail.readonly":     MailRead,
	"calendar.readonly": CalendarRead,
	"contacts.readonly": ContactsRead,
	"tasks.readonly":    TasksRead,
}

// UnknownError names a scope that Avain does not have.
type UnknownError struct{ Name string }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("unknown scope %q; known are %s", e.Name, Join(All()))
}

// Parse finds the scope with that name, without regard to case. An unknown name
// is an [*UnknownError].
func Parse(name string) (Scope, error) {
	for _, s := range All() {
		if strings.EqualFold(string(s), name) {
			return s, nil
		}
	}
	if s, ok := aliases[strings.ToLower(name)]; ok {
		return s, nil
	}
	return "", &UnknownError{Name: name}
}

// Split cuts the values of one query parameter into words. Clients separate with
// spaces, plus signs that were encoded twice, commas, or by repeating the key.
func Split(values []string) []string {
	var words []string
	for _, v := range values {
		words = append(words, strings.FieldsFunc(v, func(r rune) bool {
			return r == ' ' || r == ',' || r == '+' || r == '\t' || r == '\n' || r == '\r'
		})...)
	}
	return unique(words)
}

// ParseAll parses each word; the result has no duplicates and keeps the order.
func ParseAll(words []string) ([]Scope, error) {
	out := make([]Scope, 0, len(words))
	for _, w := range words {
		s, err := Parse(w)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return unique(out), nil
}

// Implies tells whether having s is enough where other is needed.
func (s Scope) Implies(other Scope) bool {
	return s == other || slices.Contains(implied[s], other)
}

// Covers tells whether the set have is enough for one scope.
func Covers(have []Scope, need Scope) bool {
	return slices.ContainsFunc(have, func(s Scope) bool { return s.Implies(need) })
}

// Missing returns those of need that have does not cover, in the order of need.
func Missing(have, need []Scope) []Scope {
	var out []Scope
	for _, n := range need {
		if !Covers(have, n) {
			out = append(out, n)
		}
	}
	return out
}

// Expand adds everything that the set implies, in the contract's order.
func Expand(set []Scope) []Scope {
	var out []Scope
	for _, s := range All() {
		if Covers(set, s) {
			out = append(out, s)
		}
	}
	return out
}

// Intersect returns what both sets allow: asked for Mail.Read and granted
// Mail.ReadWrite gives Mail.Read.
func Intersect(a, b []Scope) []Scope {
	return reduce(keep(Expand(a), Expand(b)))
}

// reduce drops every scope that another one of the set implies.
func reduce(set []Scope) []Scope {
	return slices.DeleteFunc(slices.Clone(set), func(s Scope) bool {
		return slices.ContainsFunc(set, func(o Scope) bool { return o != s && o.Implies(s) })
	})
}

func keep(a, b []Scope) []Scope {
	var out []Scope
	for _, s := range a {
		if slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

// Join writes the set as one space-separated string, as OAuth does.
func Join(set []Scope) string {
	words := make([]string, len(set))
	for i, s := range set {
		words[i] = string(s)
	}
	return strings.Join(words, " ")
}

func unique[T comparable](in []T) []T {
	seen := make(map[T]bool, len(in))
	out := make([]T, 0, len(in))
	for _, v := range in {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}
