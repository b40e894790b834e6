package texts

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// placeholder is a value's place in a text.
var placeholder = regexp.MustCompile(`\{([a-z]+)\}`)

// phrase finds the values of a text in a finished English sentence.
type phrase struct {
	key     string
	names   []string
	pattern *regexp.Regexp
}

// spoken are the beginnings of the keys whose English is said elsewhere.
func spoken() []string { return []string{"detail.", "provider."} }

// phrasesOf are the texts that Said looks through. Those with the fewest values come
// first: the plainest one that fits is the one that was meant.
func phrasesOf(english map[string]string) (phrases []phrase) {
	for _, key := range slices.Sorted(maps.Keys(english)) {
		if !slices.ContainsFunc(spoken(), func(s string) bool { return strings.HasPrefix(key, s) }) {
			continue
		}
		text, p := english[key], phrase{key: key}
		var pattern strings.Builder
		pattern.WriteString(`\A`)
		from := 0
		for _, at := range placeholder.FindAllStringSubmatchIndex(text, -1) {
			pattern.WriteString(regexp.QuoteMeta(text[from:at[0]]) + `(.+?)`)
			p.names = append(p.names, text[at[2]:at[3]])
			from = at[1]
		}
		pattern.WriteString(regexp.QuoteMeta(text[from:]) + `\z`)
		p.pattern = regexp.MustCompile(pattern.String())
		phrases = append(phrases, p)
	}
	slices.SortStableFunc(phrases, func(a, b phrase) int { return len(a.names) - len(b.names) })
	return phrases
}

// Said translates an English sentence that was made elsewhere, by the texts whose keys
// begin with one of those. What stands in the place of a value may be such a sentence
// itself. ok is false where it, or a part that is a sentence, stays English.
func (l *Language) Said(english string, keys ...string) (text string, ok bool) {
	if l.phrases == nil || english == "" {
		return english, true
	}
	for _, p := range l.phrases {
		if l.own[p.key] == "" || !slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(p.key, k) }) {
			continue
		}
		found := p.pattern.FindStringSubmatch(english)
		if found == nil {
			continue
		}
		values, whole := make([]string, 0, 2*len(p.names)), true
		for i, name := range p.names {
			value, known := l.Said(found[i+1], keys...)
			whole = whole && (known || !strings.Contains(value, " "))
			values = append(values, name, value)
		}
		return Fill(l.own[p.key], values...), whole
	}
	return english, false
}
