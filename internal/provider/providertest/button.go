package providertest

import (
	"encoding/xml"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/provider"
)

var hexColor = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// testButton holds the button to what a page relies on: it draws what it gets.
func testButton(t *testing.T, s Subject) {
	b := s.Provider.Info().Button
	if b.Label == "" || strings.ContainsAny(b.Label+b.Hint, "<>&") || b.Corner < 0 {
		t.Errorf("label %q, hint %q, corner %d", b.Label, b.Hint, b.Corner)
	}
	for scheme, c := range map[string]provider.Colors{"light": b.Light, "dark": b.Dark} {
		for _, color := range []string{c.Fill, c.Border, c.Label} {
			if !hexColor.MatchString(color) {
				t.Fatalf("%s: the color %q is no #rrggbb", scheme, color)
			}
		}
		if ratio := contrast(c.Fill, c.Label); ratio < 4.5 {
			t.Errorf("%s: the label's contrast is %.2f:1, less than 4.5:1", scheme, ratio)
		}
	}
	testLogo(t, b.Logo)
}

// testLogo reads the logo as XML: shapes with attributes that load, run and style
// nothing.
func testLogo(t *testing.T, logo string) {
	t.Helper()
	elements := map[string]bool{"svg": true, "g": true, "path": true, "rect": true, "circle": true}
	attributes := map[string]bool{
		"viewBox": true, "aria-hidden": true, "focusable": true, "fill": true, "d": true,
		"x": true, "y": true, "rx": true, "ry": true, "width": true, "height": true, "cx": true, "cy": true, "r": true,
	}
	decoder := xml.NewDecoder(strings.NewReader(logo))
	depth, hidden := 0, false
	for {
		token, err := decoder.Token()
		if err != nil {
			break // at the end, or what follows the last element read
		}
		switch e := token.(type) {
		case xml.StartElement:
			if depth++; !elements[e.Name.Local] || depth == 1 && e.Name.Local != "svg" {
				t.Errorf("the logo has an element %s", e.Name.Local)
			}
			for _, a := range e.Attr {
				if !attributes[a.Name.Local] || strings.Contains(a.Value, "(") {
					t.Errorf("the logo has an attribute %s=%q", a.Name.Local, a.Value)
				}
				hidden = hidden || depth == 1 && a.Name.Local == "aria-hidden" && a.Value == "true"
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if strings.TrimSpace(string(e)) != "" {
				t.Errorf("the logo has words: %q", e)
			}
		default:
			t.Errorf("the logo has %T", token)
		}
	}
	if !hidden || depth != 0 || decoder.InputOffset() != int64(len(logo)) {
		t.Errorf("the logo is no whole <svg aria-hidden=\"true\">: %q", logo)
	}
}

// contrast is WCAG 2.2's ratio of two colours, 1 to 21.
func contrast(one, other string) float64 {
	a, b := luminance(one), luminance(other)
	return (math.Max(a, b) + 0.05) / (math.Min(a, b) + 0.05)
}

// luminance is WCAG's relative luminance of #rrggbb.
func luminance(color string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, _ := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8) // #rrggbb, checked before
		c := float64(n) / 255
		if c <= 0.04045 {
			sum += weight * c / 12.92
		} else {
			sum += weight * math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return sum
}
