package brand

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// The contrasts that WCAG 2.2 asks for at level AA: of words (1.4.3), and of the borders
// by which a control is seen (1.4.11).
const (
	WordsContrast  = 4.5
	BorderContrast = 3.0
)

// Color is one of sRGB.
type Color struct{ R, G, B uint8 }

// The ends of the scale.
var (
	White = Color{0xff, 0xff, 0xff}
	Black = Color{}
)

// ParseColor reads #rrggbb, in either case.
func ParseColor(text string) (Color, error) {
	wrong := errors.New("must be written as #rrggbb, six hexadecimal digits, as in #14587a")
	if len(text) != 7 || text[0] != '#' || text[1] == '+' || text[1] == '-' {
		return Color{}, wrong
	}
	n, err := strconv.ParseUint(text[1:], 16, 32)
	if err != nil {
		return Color{}, wrong
	}
	return Color{uint8(n >> 16), uint8(n >> 8), uint8(n)}, nil
}

// String is the colour as CSS takes it.
func (c Color) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// luminance is WCAG's relative luminance: 0 for black, 1 for white.
func (c Color) luminance() float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// Contrast is WCAG's contrast ratio of two colours, 1 to 21.
func Contrast(a, b Color) float64 {
	x, y := a.luminance(), b.luminance()
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

// Ink is the colour of words on c: white, or black where that reads better. One of the
// two always reaches 4.58, which is more than WordsContrast.
func (c Color) Ink() Color {
	if Contrast(c, White) >= Contrast(c, Black) {
		return White
	}
	return Black
}

// Against is the colour next to c, on its way to the end, that has that contrast with
// all the grounds; the end itself where none before it has.
func (c Color) Against(contrast float64, end Color, grounds ...Color) Color {
	const steps = 64
	for i := range steps {
		mixed := c.mix(end, float64(i)/steps)
		enough := true
		for _, g := range grounds {
			enough = enough && Contrast(mixed, g) >= contrast
		}
		if enough {
			return mixed
		}
	}
	return end
}

// mix goes that part of the way to another colour.
func (c Color) mix(to Color, part float64) Color {
	one := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (float64(b)-float64(a))*part)) }
	return Color{one(c.R, to.R), one(c.G, to.G), one(c.B, to.B)}
}
