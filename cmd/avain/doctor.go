package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/avain-project/avain/internal/operator"
)

type doctorCommand struct {
	address
	typedHosts
	Online bool `help:"Ask each provider, too, whether it knows the client and its secrets, by a made-up code. No grant is made or used."`
}

// Help is shown below the flags.
func (doctorCommand) Help() string {
	return "Give it the settings that serve has: flags, or the same environment."
}

type findingView struct {
	Level       string `json:"level"` // ok, warn or error
	Subject     string `json:"subject"`
	Text        string `json:"text"`
	Cure        string `json:"cure,omitempty"`
	RedirectURI string `json:"redirectUri,omitempty"` // where the text is about it
}

// Run prints the findings; an error among them is a failure.
func (c *doctorCommand) Run(ctx context.Context, s *settings, out output) error {
	a, err := s.open(ctx, c.typedHosts.onto(c.address.onto(s.config())))
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	findings, err := a.Operator().Doctor(ctx)
	if err != nil {
		return err
	}
	if c.Online {
		more, err := a.Operator().DoctorOnline(ctx)
		if err != nil {
			return err
		}
		findings = append(findings, more...)
	}
	if c.PublicURL != "" && a.Operator().PublicURL == nil {
		findings = append([]operator.Finding{c.refused()}, findings...)
	}
	views := make([]findingView, len(findings))
	for i, f := range findings {
		views[i] = findingView{string(f.Level), f.Subject, f.Text, f.Cure, f.RedirectURI}
	}
	err = out.show(views, func(w io.Writer) {
		for _, f := range findings {
			printf(w, "%-5s  %s: %s\n", f.Level, f.Subject, f.Text)
			if f.Cure != "" {
				printf(w, "       → %s\n", f.Cure)
			}
		}
	})
	if err == nil && slices.ContainsFunc(findings, func(f operator.Finding) bool { return f.Level == operator.Error }) {
		return errors.New("there are errors to be mended: see above")
	}
	return err
}

// refused is the finding for a public URL with which serve would not start.
func (c *doctorCommand) refused() operator.Finding {
	return operator.Finding{
		Level: operator.Error, Subject: "setting --public-url", Text: fmt.Sprintf("serve does not start with %q", c.PublicURL),
		Cure: "write https://host or https://host:port; http is for loopback addresses, or for closed networks with --insecure-http",
	}
}
