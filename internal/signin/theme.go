package signin

import (
	"cmp"
	"fmt"

	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/connect"
)

// logoPath is the application's logo on this host; "" for none.
func logoPath(b brand.Brand) string {
	if !brand.ValidHash(b.Logo) {
		return ""
	}
	return connect.LogoPath + b.Logo
}

// scheme is a colour scheme of style.css: what lies under words, and where a colour goes
// that cannot be read on it.
type scheme struct {
	grounds []brand.Color
	end     brand.Color
}

// The grounds are --card and --ground of style.css.
var (
	light = scheme{[]brand.Color{{R: 0xff, G: 0xff, B: 0xff}, {R: 0xee, G: 0xf1, B: 0xf4}}, brand.Black}
	dark  = scheme{[]brand.Color{{R: 0x1a, G: 0x22, B: 0x2a}, {R: 0x10, G: 0x16, B: 0x1c}}, brand.White}
)

// theme is the style sheet of a brand's colours; "" for ours. The colour itself fills
// buttons, with words on it that can be read. Where it is too near to the page to be seen
// as a border or read as words, a neighbour that can be takes its place there.
func theme(b brand.Brand) string {
	bright, err := brand.ParseColor(b.Color)
	if err != nil {
		return ""
	}
	deep, err := brand.ParseColor(cmp.Or(b.ColorDark, b.Color))
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s@media (prefers-color-scheme: dark) { %s}\n", light.paint(bright), dark.paint(deep))
}

func (s scheme) paint(c brand.Color) string {
	return fmt.Sprintf(":root { --act: %s; --act-ink: %s; --act-text: %s; --act-line: %s; }\n",
		c, c.Ink(), c.Against(brand.WordsContrast, s.end, s.grounds...), c.Against(brand.BorderContrast, s.end, s.grounds...))
}
