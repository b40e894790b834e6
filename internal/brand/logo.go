package brand

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
)

// Bounds of a logo: bytes of the file, and pixels of each side.
const (
	MaxLogo    = 64 << 10
	minSide    = 16
	maxSide    = 2048
	hashLength = 43 // of SHA-256 in base64url
)

// Logo is a picture that has been looked into.
type Logo struct {
	Hash      string // its SHA-256 in base64url: the same picture has the same name
	MediaType string
	Data      []byte
}

// format is a kind of picture that browsers draw and that cannot hold a script.
type format struct {
	mediaType string
	begins    string
	config    func([]byte) (image.Config, error)
	decode    func([]byte) error
}

func formats() []format {
	return []format{
		{
			"image/png", "\x89PNG\r\n\x1a\n",
			func(b []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(b)) },
			func(b []byte) error { _, err := png.Decode(bytes.NewReader(b)); return err },
		},
		{
			"image/jpeg", "\xff\xd8\xff",
			func(b []byte) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(b)) },
			func(b []byte) error { _, err := jpeg.Decode(bytes.NewReader(b)); return err },
		},
		{
			"image/gif", "GIF8",
			func(b []byte) (image.Config, error) { return gif.DecodeConfig(bytes.NewReader(b)) },
			still,
		},
	}
}

// still refuses pictures that move: people cannot stop them (WCAG 2.2.2).
func still(b []byte) error {
	all, err := gif.DecodeAll(bytes.NewReader(b))
	if err == nil && len(all.Image) != 1 {
		return errors.New("it moves")
	}
	return err
}

// ReadLogo looks into a picture: its kind by its first bytes, its size before it is
// drawn, and then all of it. SVG is refused, since it can hold scripts and load from
// elsewhere.
func ReadLogo(data []byte) (Logo, error) {
	if len(data) > MaxLogo {
		return Logo{}, fmt.Errorf("the logo is too large: at most %d KiB", MaxLogo>>10)
	}
	for _, f := range formats() {
		if !bytes.HasPrefix(data, []byte(f.begins)) {
			continue
		}
		size, err := f.config(data)
		if err != nil {
			return Logo{}, fmt.Errorf("the logo is a damaged %s: %w", f.mediaType, err)
		}
		if min(size.Width, size.Height) < minSide || max(size.Width, size.Height) > maxSide {
			return Logo{}, fmt.Errorf("the logo is %d by %d pixels: each side must have %d to %d", size.Width, size.Height, minSide, maxSide)
		}
		if err := f.decode(data); err != nil {
			return Logo{}, fmt.Errorf("the logo cannot be shown as %s: %w", f.mediaType, err)
		}
		sum := sha256.Sum256(data)
		return Logo{Hash: base64.RawURLEncoding.EncodeToString(sum[:]), MediaType: f.mediaType, Data: data}, nil
	}
	return Logo{}, errors.New("the logo must be a PNG, a JPEG or a GIF that does not move (SVG is not taken: export it as PNG)")
}

// ValidHash tells whether s has the form of a logo's hash.
func ValidHash(s string) bool {
	_, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(s) == hashLength
}
