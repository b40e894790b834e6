package operator

import (
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/connect"
)

func checkBrand(b brand.Brand) error {
	if err := b.Check(); err != nil {
		return usagef("%w", err)
	}
	return nil
}

// face is the brand with its logo.
func (in CreateApplication) face() brand.Brand {
	b := in.Brand
	b.Logo = in.Logo.Hash
	return b
}

// pictures are those to be stored.
func pictures(logo *brand.Logo) []brand.Logo {
	if logo == nil || logo.Hash == "" {
		return nil
	}
	return []brand.Logo{*logo}
}

// BrandSpec is an application's face as a [File] writes it.
type BrandSpec struct {
	Color      string `yaml:"color"` // "#rrggbb"
	ColorDark  string `yaml:"colorDark"`
	Logo       string `yaml:"logo"` // a path
	PrivacyURL string `yaml:"privacyUrl"`
	TermsURL   string `yaml:"termsUrl"`

	picture brand.Logo
}

// ReadLogos reads the logos that the file names. read gets a path as it stands there, and
// returns at least the first [brand.MaxLogo]+1 bytes.
func (f File) ReadLogos(read func(path string) ([]byte, error)) error {
	for i := range f.Applications {
		spec := &f.Applications[i].Brand
		if spec.Logo == "" {
			continue
		}
		data, err := read(spec.Logo)
		if err == nil {
			spec.picture, err = brand.ReadLogo(data)
		}
		if err != nil {
			return usagef("application %d (%q): %s: %w", i+1, f.Applications[i].Name, spec.Logo, err)
		}
	}
	return nil
}

// brand is the face but for its picture.
func (spec BrandSpec) brand() brand.Brand {
	return brand.Brand{Color: spec.Color, ColorDark: spec.ColorDark, PrivacyURL: spec.PrivacyURL, TermsURL: spec.TermsURL}
}

// LogoPath is where the server has an application's logo; "" for none.
func LogoPath(app account.Application) string {
	if app.Brand.Logo == "" {
		return ""
	}
	return connect.LogoPath + app.Brand.Logo
}
