package discovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/avain-project/avain/internal/provider"
)

// grace is how long a better answer is waited for when there is a good one: some
// firewalls swallow what comes to a port, and nobody says no.
const grace = 2 * time.Second

// greeted takes of each list the first server that greets as it should. All are tried
// at once. Without one for reading mail there is nothing.
func (d *Discovery) greeted(ctx context.Context, incoming, outgoing []provider.Server) ([]provider.Server, error) {
	type result struct {
		server provider.Server
		err    error
	}
	sending := make(chan result, 1)
	go func() {
		s, err := d.first(ctx, outgoing)
		sending <- result{s, err}
	}()
	reading, err := d.first(ctx, incoming)
	if err != nil {
		return nil, err
	}
	found := []provider.Server{reading}
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case s := <-sending:
		if s.err == nil {
			found = append(found, s.server)
		}
	case <-patience.C:
	}
	return found, nil
}

// first waits for the first server in the list's order that greets: one further down
// is taken when all before it have failed, or have not answered for a while.
func (d *Discovery) first(ctx context.Context, list []provider.Server) (provider.Server, error) {
	if d.greet == nil {
		return provider.Server{}, errors.New("mail servers are not looked at")
	}
	type result struct {
		at  int
		err error
	}
	results := make(chan result, len(list))
	for i, s := range list {
		go func() {
			results <- result{i, d.call(ctx, func() error { return d.greet(ctx, s) })}
		}()
	}
	good, failed := -1, []error{errNothing}
	out := make([]bool, len(list)) // those with a result
	var patience <-chan time.Time
	for range list {
		var r result
		select {
		case r = <-results: // each ends with ctx
		case <-patience:
			return list[good], nil
		}
		out[r.at] = true
		if r.err != nil {
			failed = append(failed, fmt.Errorf("%s:%d: %w", list[r.at].Host, list[r.at].Port, r.err))
		} else if good < 0 || r.at < good {
			good = r.at
		}
		if good >= 0 && patience == nil {
			patience = time.After(grace / 2)
		}
		if good >= 0 && !slices.Contains(out[:good], false) {
			return list[good], nil
		}
	}
	return provider.Server{}, errors.Join(failed...)
}

func servers(entries []entry) []provider.Server {
	var out []provider.Server
	for _, e := range entries {
		out = append(out, e.server)
	}
	return out
}

// elsewhere is the first server's host that is not of the domain's owner, or "".
func elsewhere(domain string, servers []provider.Server) string {
	for _, s := range servers {
		if !related(domain, s.Host) {
			return s.Host
		}
	}
	return ""
}

func leadsTo(host, domain string) string {
	return host + " does not belong to " + domain + ", the domain of the address."
}
