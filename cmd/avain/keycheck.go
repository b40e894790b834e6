package main

import (
	"context"
	"fmt"
	"io"
)

type keyCheckCommand struct{}

type keyCheckView struct {
	KeyID   string   `json:"keyId"`
	Checked int      `json:"checked"`
	Failed  []string `json:"failed"` // label and record of each value that does not open

	Keys []keyUseView `json:"keys"` // oldest first
}

type keyUseView struct {
	ID       string `json:"id"`
	State    string `json:"state"` // primary, older, waiting or missing
	DataKeys int    `json:"dataKeys"`
}

// progressEvery is after how many values the count is shown.
const progressEvery = 10_000

// Run opens everything; a value that does not open is a failure.
func (keyCheckCommand) Run(ctx context.Context, s *settings, out output) error {
	a, err := s.open(ctx, s.config())
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	found, err := a.Operator().KeyCheck(ctx, func(done int) {
		if done%progressEvery == 0 {
			printf(out.std.err, "%d values checked\n", done)
		}
	})
	if err != nil {
		return err
	}
	view := keyCheckView{KeyID: found.KeyID, Checked: found.Checked, Failed: texts(found.Failed)}
	for _, k := range found.Keys {
		view.Keys = append(view.Keys, keyUseView{k.ID, string(k.State), k.DataKeys})
	}
	err = out.show(view, func(w io.Writer) {
		for _, f := range found.Failed {
			printf(w, "does not open: %s\n", f)
		}
		for _, k := range view.Keys {
			printf(w, "%s key %s has wrapped %d data keys\n", k.State, dash(k.ID), k.DataKeys)
		}
		printf(w, "key %s: %d values checked, %d do not open\n", found.KeyID, found.Checked, len(found.Failed))
	})
	if err == nil && len(found.Failed) > 0 {
		return fmt.Errorf("%d of %d values do not open with key %s: restore them from a backup, or connect these accounts again", len(found.Failed), found.Checked, found.KeyID)
	}
	return err
}
