package texts

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed *.json
var files embed.FS

// source is the language that every text is written in first.
const source = "en"

// maxAccept bounds the Accept-Language that is read, in bytes: browsers send tens.
const maxAccept = 512

// Catalogue holds the languages. It is safe for concurrent use.
type Catalogue struct {
	matcher   language.Matcher
	languages []*Language // English first, in the matcher's order
}

// Language is one of them.
type Language struct {
	Tag string // BCP 47
	Dir string // "ltr" or "rtl", as HTML writes it

	tag     language.Tag
	own     map[string]string
	english map[string]string
	phrases []phrase // for Said; none of English
}

// Load reads the embedded languages.
func Load() (*Catalogue, error) { return load(files) }

// load reads the languages of a folder, one of which is English.
func load(folder fs.FS) (*Catalogue, error) {
	names, err := fs.Glob(folder, "*.json")
	if err != nil {
		return nil, fmt.Errorf("texts: list the languages: %w", err)
	}
	english, err := read(folder, source+".json")
	if err != nil {
		return nil, err
	}
	c, tags := &Catalogue{languages: []*Language{{Tag: source, Dir: "ltr", tag: language.English, own: english, english: english}}}, []language.Tag{language.English}
	phrases := phrasesOf(english)
	for _, name := range names {
		if name == source+".json" {
			continue
		}
		tag, err := language.Parse(strings.TrimSuffix(name, path.Ext(name)))
		if err != nil {
			return nil, fmt.Errorf("texts: %s is not named after a language: %w", name, err)
		}
		own, err := read(folder, name)
		if err != nil {
			return nil, err
		}
		c.languages = append(c.languages, &Language{Tag: tag.String(), Dir: direction(tag), tag: tag, own: own, english: english, phrases: phrases})
		tags = append(tags, tag)
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

func read(folder fs.FS, name string) (map[string]string, error) {
	raw, err := fs.ReadFile(folder, name)
	if err != nil {
		return nil, fmt.Errorf("texts: read a language: %w", err)
	}
	var texts map[string]string
	if err := json.Unmarshal(raw, &texts); err != nil {
		return nil, fmt.Errorf("texts: %s is no flat object of texts: %w", name, err)
	}
	return texts, nil
}

// direction is that of the script in which a language is usually written.
func direction(tag language.Tag) string {
	script, _ := tag.Script()
	if slices.Contains([]string{"Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm", "Rohg"}, script.String()) {
		return "rtl"
	}
	return "ltr"
}

// Match is the language for a browser's Accept-Language: the best of those there are,
// English where none suits.
func (c *Catalogue) Match(accept string) *Language {
	if len(accept) > maxAccept {
		return c.languages[0]
	}
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(tags) == 0 {
		return c.languages[0]
	}
	_, i, confidence := c.matcher.Match(tags...)
	if confidence == language.No {
		return c.languages[0]
	}
	return c.languages[i]
}

// Languages lists the tags of the catalogue, English first.
func (c *Catalogue) Languages() []string {
	tags := make([]string, len(c.languages))
	for i, l := range c.languages {
		tags[i] = l.Tag
	}
	return tags
}

// Speaks tells whether this language, other than English, has its own text of that key.
func (l *Language) Speaks(key string) bool { return l.Tag != source && l.own[key] != "" }

// Text is the text of a key with its values set in: name, value, name, value. The
// English text where the language has none, and the key where English has none.
func (l *Language) Text(key string, values ...string) string {
	text := l.own[key]
	if text == "" {
		text = l.english[key]
	}
	if text == "" {
		text = key
	}
	return Fill(text, values...)
}

// Count is Text in the form that the language has for n things; {count} is n. The keys
// are key_one, key_other and what else a language tells apart (Unicode's plural rules).
func (l *Language) Count(key string, n int, values ...string) string {
	values = append([]string{"count", strconv.Itoa(n)}, values...)
	form := key + forms()[plural.Cardinal.MatchPlural(l.tag, n, 0, 0, 0, 0)]
	if l.own[form] != "" {
		return l.Text(form, values...)
	}
	if text := l.own[key+"_other"]; text != "" {
		return Fill(text, values...)
	}
	return Fill(l.english[key+forms()[plural.Cardinal.MatchPlural(language.English, n, 0, 0, 0, 0)]], values...)
}

func forms() map[plural.Form]string {
	return map[plural.Form]string{
		plural.Zero: "_zero", plural.One: "_one", plural.Two: "_two", plural.Few: "_few", plural.Many: "_many", plural.Other: "_other",
	}
}

// Fill sets the values in, in one pass: a value is never read for names.
func Fill(text string, values ...string) string {
	pairs := make([]string, 0, len(values))
	for i := 0; i+1 < len(values); i += 2 {
		pairs = append(pairs, "{"+values[i]+"}", values[i+1])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
