package discovery

import (
	"context"
	"time"

	"github.com/avain-project/avain/internal/provider"
)

// Stubborn has mail servers that take their time whatever the context says, and guesses
// are made at them.
func Stubborn(d *Discovery, takes time.Duration) *Discovery {
	d.greet = func(context.Context, provider.Server) error { time.Sleep(takes); return nil }
	return d
}
