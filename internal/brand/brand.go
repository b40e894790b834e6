package brand

import (
	"errors"
	"fmt"
	"net/url"
)

// Brand is what an application shows of itself beside its name. The zero value is ours.
type Brand struct {
	// Color is the one of buttons and links, #rrggbb; ColorDark is that of dark pages,
	// Color where it is empty.
	Color, ColorDark string
	// Logo is the hash of the picture, its name on our own host; empty for none.
	Logo string
	// PrivacyURL and TermsURL are linked below; empty for no link.
	PrivacyURL, TermsURL string
}

// maxURL bounds a link, in bytes.
const maxURL = 2048

// Check says what is wrong with it.
func (b Brand) Check() error {
	for name, text := range map[string]string{"brand colour": b.Color, "brand colour of dark pages": b.ColorDark} {
		if text == "" {
			continue
		}
		if _, err := ParseColor(text); err != nil {
			return fmt.Errorf("the %s %w", name, err)
		}
	}
	if b.Color == "" && b.ColorDark != "" {
		return errors.New("there is a brand colour for dark pages alone: give the other one as well")
	}
	for name, text := range map[string]string{"privacy": b.PrivacyURL, "terms": b.TermsURL} {
		if err := checkURL(text); err != nil {
			return fmt.Errorf("the URL of the %s page %w", name, err)
		}
	}
	if b.Logo != "" && !ValidHash(b.Logo) {
		return errors.New("the logo is no hash of a picture")
	}
	return nil
}

func checkURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(text) > maxURL {
		return fmt.Errorf("%q must begin with https:// and a host, without a user, and have at most %d bytes", text, maxURL)
	}
	return nil
}
