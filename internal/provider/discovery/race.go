package discovery

import (
	"context"
	"fmt"
	"slices"
)

// source is one place to ask.
type source struct {
	name string // for the log
	best Trust  // of the answers it may give
	look func(context.Context) (Found, error)
}

// race asks all sources at once. It ends with the best answer as soon as none that
// could better it is still out, or with the context.
func (d *Discovery) race(ctx context.Context, sources []source) Found {
	type answer struct {
		from  int
		found Found
		err   error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // the rest need not go on
	answers := make(chan answer, len(sources))
	for i, s := range sources {
		go func() {
			ctx, cancel := context.WithTimeout(ctx, d.step)
			defer cancel()
			found, err := s.look(ctx)
			answers <- answer{i, found, err}
		}()
	}
	var best Found
	var tried []string
	out := slices.Clone(sources)
	for {
		// A tie is not waited for.
		if !slices.ContainsFunc(out, func(s source) bool { return s.look != nil && s.best > best.Trust }) {
			break
		}
		select {
		case a := <-answers:
			out[a.from].look = nil
			if a.err != nil {
				tried = append(tried, fmt.Sprintf("%s: %v", sources[a.from].name, a.err))
			} else if a.found.Trust > best.Trust {
				best = a.found
			}
			continue
		case <-ctx.Done():
			tried = append(tried, "the time was up")
		}
		break
	}
	best.Tried = tried
	return best
}
