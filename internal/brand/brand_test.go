package brand_test

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/avain-project/avain/internal/brand"
)

func TestContrastIsWCAGs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want float64
	}{{"#ffffff", "#000000", 21}, {"#777777", "#ffffff", 4.48}, {"#767676", "#FFFFFF", 4.54}, {"#ffff00", "#ffffff", 1.07}} {
		a, errA := brand.ParseColor(c.a)
		b, errB := brand.ParseColor(c.b)
		if got := brand.Contrast(a, b); errA != nil || errB != nil || got < c.want-0.01 || got > c.want+0.01 {
			t.Errorf("%s on %s: %.3f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

// Whatever the brand's colour is, words on it and words in it can be read.
func TestWordsStayReadable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := brand.Color{R: rapid.Byte().Draw(t, "r"), G: rapid.Byte().Draw(t, "g"), B: rapid.Byte().Draw(t, "b")}
		if got := brand.Contrast(c, c.Ink()); got < brand.WordsContrast {
			t.Errorf("%s on %s: %.2f", c.Ink(), c, got)
		}
		for end, grounds := range map[brand.Color][]brand.Color{
			brand.Black: {brand.White, {R: 0xee, G: 0xf1, B: 0xf4}}, brand.White: {brand.Black, {R: 0x1a, G: 0x22, B: 0x2a}},
		} {
			words := c.Against(brand.WordsContrast, end, grounds...)
			for _, g := range grounds {
				if got := brand.Contrast(words, g); got < brand.WordsContrast {
					t.Errorf("%s became %s on %s: %.2f", c, words, g, got)
				}
			}
		}
	})
}

func TestABrandIsChecked(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]brand.Brand{
		"a name": {Color: "red"}, "short": {Color: "#fff"}, "no hash": {Color: "14587a0"}, "signed": {Color: "#+1234a"}, "css": {Color: "#fff;}*"},
		"dark alone": {ColorDark: "#ffffff"}, "bad dark": {Color: "#ffffff", ColorDark: "#gggggg"},
		"http": {PrivacyURL: "http://a.example/"}, "script": {TermsURL: "javascript:alert(1)"}, "user": {TermsURL: "https://a@b.example/"},
		"no host": {TermsURL: "https:///x"}, "long": {TermsURL: "https://a.example/" + strings.Repeat("x", 3000)}, "hash": {Logo: "../../etc"},
	} {
		if b.Check() == nil {
			t.Errorf("%s: %+v is taken", name, b)
		}
	}
	good := brand.Brand{Color: "#FFD200", ColorDark: "#000000", PrivacyURL: "https://a.example/privacy?x=1", TermsURL: "https://a.example/"}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

func encoded(t *testing.T, side int, encode func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(b *bytes.Buffer, i image.Image) error  { return png.Encode(b, i) }
func asJPEG(b *bytes.Buffer, i image.Image) error { return jpeg.Encode(b, i, nil) }
func asGIF(b *bytes.Buffer, i image.Image) error  { return gif.Encode(b, i, nil) }

func moving(b *bytes.Buffer, i image.Image) error {
	p := i.(*image.Paletted)
	return gif.EncodeAll(b, &gif.GIF{Image: []*image.Paletted{p, p}, Delay: []int{1, 1}})
}

func TestLogosAreLookedInto(t *testing.T) {
	t.Parallel()
	whole := encoded(t, 64, asPNG)
	for mediaType, data := range map[string][]byte{"image/png": whole, "image/jpeg": encoded(t, 64, asJPEG), "image/gif": encoded(t, 64, asGIF)} {
		logo, err := brand.ReadLogo(data)
		if err != nil || logo.MediaType != mediaType || !brand.ValidHash(logo.Hash) || !bytes.Equal(logo.Data, data) {
			t.Errorf("%s: %s %s %v", mediaType, logo.MediaType, logo.Hash, err)
		}
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "html": []byte("<!doctype html>"),
		"half": whole[:len(whole)/2], "head": whole[:16], "small": encoded(t, 8, asPNG), "wide": encoded(t, 3000, asPNG),
		"moving": encoded(t, 64, moving), "large": append(bytes.Clone(whole), make([]byte, brand.MaxLogo)...),
	} {
		if logo, err := brand.ReadLogo(data); err == nil {
			t.Errorf("%s is taken as %s", name, logo.MediaType)
		}
	}
}
