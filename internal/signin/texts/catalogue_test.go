package texts_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/all"
	"github.com/avain-project/avain/internal/scope"
)

var update = flag.Bool("update", false, "write what en.json has from faults and providers anew")

// file reads a language as it lies in the folder.
func file(t *testing.T, name string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]string
	if err := json.Unmarshal(raw, &texts); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return texts
}

// written is a language as its file has it: in the order of the keys, since that is what
// translators' tools write.
func written(t *testing.T, texts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(texts); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// saidElsewhere are the English texts that en.json repeats, by key: those of the faults
// and of every provider's button and fields.
func saidElsewhere() map[string]string {
	texts := map[string]string{}
	for _, e := range fault.Catalogue() {
		texts["fault."+string(e.Code)] = strings.TrimPrefix(e.Text, string(e.Code)+": ")
	}
	for service, p := range all.Registry(outbound.New(outbound.Config{})) {
		prefix := "provider." + string(service) + "."
		texts[prefix+"button.label"], texts[prefix+"button.hint"] = p.Info().Button.Label, p.Info().Button.Hint
		if former, ok := p.(provider.Former); ok {
			for _, f := range former.Fields(provider.Hint{Scopes: scope.All()}) {
				texts[prefix+f.Name+".label"], texts[prefix+f.Name+".help"] = f.Label, f.Help
			}
		}
	}
	maps.DeleteFunc(texts, func(_, text string) bool { return text == "" })
	return texts
}

// repeated tells whether a key belongs to saidElsewhere.
var repeated = regexp.MustCompile(`^(fault\..*|provider\.[A-Za-z0-9]+\.[A-Za-z]+\.(label|hint|help))$`)

// Whatever a fault or a provider says has its line for translators.
func TestEnglishHasWhatIsSaidElsewhere(t *testing.T) {
	t.Parallel()
	have, want := file(t, "en.json"), saidElsewhere()
	if *update {
		maps.DeleteFunc(have, func(key, _ string) bool { return repeated.MatchString(key) })
		maps.Copy(have, want)
		if err := os.WriteFile("en.json", written(t, have), 0o644); err != nil { //nolint:gosec // a source file
			t.Fatal(err)
		}
		return
	}
	for key, text := range want {
		if have[key] != text {
			t.Errorf("en.json says %q for %s, and the code %q: go generate ./internal/signin/texts", have[key], key, text)
		}
	}
	for key := range have {
		if repeated.MatchString(key) && want[key] == "" {
			t.Errorf("en.json has %s, which nobody says any more: go generate ./internal/signin/texts", key)
		}
	}
}

// used finds the keys that the pages ask for by name.
var used = regexp.MustCompile(`\b(T|Text|Count)[ (]"([a-zA-Z.]+)"`)

// Whatever a page asks for is there, and nothing is there that no page asks for.
func TestEnglishHasWhatThePagesSay(t *testing.T) {
	t.Parallel()
	have, asked := file(t, "en.json"), map[string]bool{}
	for _, pattern := range []string{"../*.html", "../*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range used.FindAllStringSubmatch(string(raw), -1) {
				key := m[2]
				if m[1] == "Count" {
					asked[key+"_one"], asked[key+"_other"] = true, true
				} else if !strings.HasSuffix(key, ".") { // of a family: see below
					asked[key] = true
				}
			}
		}
	}
	for _, s := range scope.All() {
		asked["scope."+string(s)] = true
	}
	for _, s := range provider.Securities() {
		asked["security."+string(s)] = true
	}
	for key := range asked {
		if have[key] == "" {
			t.Errorf("a page says %s, which en.json lacks", key)
		}
	}
	for key := range have {
		if !asked[key] && !strings.HasPrefix(key, "fault.") && !strings.HasPrefix(key, "provider.") && !strings.HasPrefix(key, "detail.") {
			t.Errorf("en.json has %s, which no page says", key)
		}
	}
}

// A page's words are in the catalogue alone: what is left of a template without its tags
// and its actions has no letter.
func TestTemplatesHaveNoWords(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("../*.html")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	action, tag := regexp.MustCompile(`(?s)\{\{.*?\}\}`), regexp.MustCompile(`(?s)<[^>]*>`)
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		left := tag.ReplaceAllString(action.ReplaceAllString(string(raw), ""), "")
		if words := regexp.MustCompile(`\p{L}[^\n]*`).FindString(left); words != "" {
			t.Errorf("%s says %q by itself", name, words)
		}
	}
}

var (
	name = regexp.MustCompile(`\{[^}]*\}`)
	form = regexp.MustCompile(`_(zero|one|two|few|many|other)$`)
)

// names are the placeholders of a text.
func names(text string) []string { return slices.Sorted(slices.Values(name.FindAllString(text, -1))) }

// A translation says the same things about the same values, and begins and ends as long
// as the English does.
func TestTranslationsFitTheEnglish(t *testing.T) {
	t.Parallel()
	english := file(t, "en.json")
	files, err := filepath.Glob("*.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("the languages are %v, %v", files, err)
	}
	for _, f := range files {
		texts := file(t, f)
		raw, err := os.ReadFile(f)
		if err != nil || !bytes.Equal(raw, written(t, texts)) {
			t.Errorf("%s is not in the order of its keys, two spaces deep, each key once: %v", f, err)
		}
		for key, text := range texts {
			source := english[key]
			if family := form.ReplaceAllString(key, "_other"); family != key {
				source = english[family]
			}
			switch {
			case source == "":
				t.Errorf("%s: English has no %s", f, key)
			case text == "":
				t.Errorf("%s: %s is empty: leave it out, and the English stands there", f, key)
			case !slices.Equal(names(text), names(source)):
				t.Errorf("%s: %s has the names %v, and in English %v", f, key, names(text), names(source))
			case strings.ContainsAny(text, "<>"):
				t.Errorf("%s: %s has markup, which would be shown as it stands", f, key)
			case strings.TrimSpace(text) != text != (strings.TrimSpace(source) != source):
				t.Errorf("%s: %s begins or ends with other space than the English", f, key)
			}
		}
	}
}

// German is whole, but for what only programs meet.
func TestGermanLacksNothingThatPeopleMeet(t *testing.T) {
	t.Parallel()
	german := file(t, "de.json")
	for key := range file(t, "en.json") {
		if german[key] == "" && !slices.ContainsFunc(forPrograms(), func(p string) bool { return strings.HasPrefix(key, p) }) {
			t.Errorf("de.json lacks %s", key)
		}
	}
}

// forPrograms are the faults of routes that no browser visits.
func forPrograms() []string {
	return []string{
		"fault.account.unmanaged", "fault.origin.foreign",
		"fault.client.unauthorized", "fault.code.", "fault.verifier.", "fault.unauthorized", "fault.token.", "fault.account.unknown", "fault.account.conflict", "fault.scope.insufficient", "fault.authtype.", "fault.body.invalid", "fault.credential.refused",
		"fault.providerauth.", "fault.path.", "fault.direct.", "fault.not_found", "fault.server.stopping", "fault.redirecturi.", "fault.grant.",
	}
}
