package demo

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/operator"
)

// picture is the sample's icon as a PNG.
//
//go:embed logo.png
var picture []byte

// The sample's colours on light and on dark pages, as its own pages have them.
const (
	brandColor     = "#5b3fa6"
	brandColorDark = "#bba6f2"
)

// dress gives the sample application its logo and its colours.
func dress(ctx context.Context, ops *operator.Service, ref string) error {
	logo, err := brand.ReadLogo(picture)
	if err != nil {
		return fmt.Errorf("read the sample application's logo: %w", err)
	}
	bright, deep := brandColor, brandColorDark
	if _, err := ops.SetApplication(ctx, ref, operator.SetApplication{BrandColor: &bright, BrandColorDark: &deep, Logo: &logo}); err != nil {
		return fmt.Errorf("dress the sample application: %w", err)
	}
	return nil
}
