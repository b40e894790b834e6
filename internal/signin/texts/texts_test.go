package texts

import (
	"strings"
	"testing"
	"testing/fstest"
)

// small is a catalogue of three languages.
func small(t *testing.T) *Catalogue {
	t.Helper()
	c, err := load(fstest.MapFS{
		"en.json": {Data: []byte(`{"hello":"Hello {name}, from {place}","only":"Only {name}","n_one":"{count} day","n_other":"{count} days",
			"detail.why":"Cause: {cause}. Cure: {cure}.","provider.A.cause.x":"{server} is away","provider.A.cure.x":"wait","provider.B.x":"{server} sleeps"}`)},
		"de.json":      {Data: []byte(`{"hello":"Aus {place}: hallo {name}","detail.why":"Ursache: {cause}. Abhilfe: {cure}.","provider.A.cause.x":"{server} ist weg","provider.A.cure.x":"warten"}`)},
		"ar.json":      {Data: []byte(`{"n_zero":"z{count}","n_two":"t{count}","n_few":"f{count}","n_other":"o{count}"}`)},
		"zh-Hant.json": {Data: []byte(`{}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheBrowsersLanguageIsChosen(t *testing.T) {
	t.Parallel()
	c := small(t)
	for accept, want := range map[string]string{
		"": "en", "de": "de", "de-CH, en;q=0.8": "de", "fr, de;q=0.5": "de", "fr": "en", "en-GB, de;q=0.9": "en", "*": "en", "zh-TW": "zh-Hant",
		"de;q=0, en": "en", "nonsense/()": "en", "ar-EG": "ar", strings.Repeat("de, ", 200): "en",
	} {
		if got := c.Match(accept).Tag; got != want {
			t.Errorf("%.40q: %s, want %s", accept, got, want)
		}
	}
	if c.Match("ar").Dir != "rtl" || c.Match("de").Dir != "ltr" {
		t.Error("the direction is wrong")
	}
}

func TestATextFallsBackToEnglish(t *testing.T) {
	t.Parallel()
	c := small(t)
	de := c.Match("de")
	// A value is never read for names of its own.
	if got := de.Text("hello", "name", "{place}", "place", "Bonn"); got != "Aus Bonn: hallo {place}" {
		t.Errorf("%q", got)
	}
	if got := de.Text("only", "name", "Ada"); got != "Only Ada" {
		t.Errorf("%q", got)
	}
	if got := de.Text("unknown"); got != "unknown" {
		t.Errorf("%q", got)
	}
}

func TestPlurals(t *testing.T) {
	t.Parallel()
	c := small(t)
	for _, one := range []struct {
		accept string
		n      int
		want   string
	}{
		{"en", 1, "1 day"},
		{"en", 2, "2 days"},
		{"de", 1, "1 day"},
		{"de", 3, "3 days"},
		{"ar", 0, "z0"},
		{"ar", 2, "t2"},
		{"ar", 3, "f3"},
		{"ar", 100, "o100"},
		{"ar", 1, "o1"},
	} {
		if got := c.Match(one.accept).Count("n", one.n); got != one.want {
			t.Errorf("%s %d: %q, want %q", one.accept, one.n, got, one.want)
		}
	}
}

func TestWhatWasSaidInEnglishIsFound(t *testing.T) {
	t.Parallel()
	c := small(t)
	de := c.Match("de")
	for english, want := range map[string]string{
		"mx.example is away":                     "mx.example ist weg",
		"Cause: mx.example is away. Cure: wait.": "Ursache: mx.example ist weg. Abhilfe: warten.",
		"Cause: mx.example sleeps. Cure: wait.":  "", // a part has no translation
		"mx.example is away, or so":              "",
		"mx.example sleeps":                      "",
	} {
		got, ok := de.Said(english, "detail.", "provider.A.")
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q %t", english, got, ok)
		}
	}
	if got, ok := c.Match("en").Said("mx.example sleeps", "provider."); !ok || got != "mx.example sleeps" {
		t.Errorf("in English: %q %t", got, ok)
	}
	if _, ok := de.Said("wait", "provider.B."); ok {
		t.Error("another provider's text was found")
	}
}
