package signin

import (
	"html/template"
	"math"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/signin/texts"
)

// Look is whom a page is shown to, and on whose behalf.
type Look struct {
	Languages string // the browser's Accept-Language
	// ApplicationName stands beside the logo; it may be empty.
	ApplicationName string
	Brand           brand.Brand
}

// words are the texts of a page in one language. Each view embeds them, so that a
// template says {{.T key name value}}.
type words struct{ *texts.Language }

// T is a text as HTML. Values are escaped; markup around one comes from [words.Strong]
// and the like.
func (l words) T(key string, values ...any) template.HTML {
	pairs := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case template.HTML:
			pairs[i] = string(v)
		case string:
			pairs[i] = template.HTMLEscapeString(v)
		}
	}
	// The text has no markup of its own: a translator writes words.
	escaped := template.HTMLEscapeString(l.Text(key))
	return template.HTML(texts.Fill(escaped, pairs...)) //nolint:gosec // escaped above
}

// Strong is a value that stands out.
func (l words) Strong(value string) template.HTML {
	return template.HTML("<strong>" + template.HTMLEscapeString(value) + "</strong>") //nolint:gosec // escaped
}

// English is a value that has no translation.
func (l words) English(value string) template.HTML {
	return template.HTML(`<span lang="en" dir="ltr">` + template.HTMLEscapeString(value) + "</span>") //nolint:gosec // escaped
}

// Mono is a value for whoever helps, by its id on the page.
func (l words) Mono(id, value string) template.HTML {
	return template.HTML(`<code id="` + id + `">` + template.HTMLEscapeString(value) + "</code>") //nolint:gosec // escaped, and ids are ours
}

// named is an application as a sentence calls it.
func (l words) named(application string) string {
	if application == "" {
		return l.Text("application.unnamed")
	}
	return application
}

// back is the label of the way back.
func (l words) back(application string) string {
	if application == "" {
		return l.Text("back.unnamed")
	}
	return l.Text("back", "application", application)
}

// retry says when to try again; "" where nobody knows.
func (l words) retry(after time.Duration) string {
	if after <= 0 {
		return ""
	}
	return l.Count("wait.minutes", int(math.Ceil(after.Minutes())))
}

// said is a fault in the words of a page. English is what has no translation.
type said struct{ Lead, Rest, English string }

// fault says what went wrong: the fault's sentence, and its detail behind it. message is
// both in English.
func (l words) fault(code, message, detail string) said {
	key := "fault." + code
	if !l.Speaks(key) {
		lead, rest := sentences(strings.TrimPrefix(message, code+": "))
		return said{Lead: lead, Rest: rest}
	}
	var s said
	s.Lead, s.Rest = sentences(l.Text(key))
	told, whole := l.Said(detail, "detail.", "provider.")
	if whole {
		s.Rest = strings.TrimSpace(s.Rest + " " + told)
	} else {
		s.English = detail
	}
	return s
}
