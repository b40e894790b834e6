package operator

import (
	"context"
	"maps"
	"slices"

	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/store"
)

// KeyReport is what [Service.KeyCheck] found.
type KeyReport struct {
	KeyID   string
	Checked int
	Failed  []string // label and record of each value that did not open
	Keys    []KeyUse
}

// KeyUse is one key of the ring, or one that it lacks, and how much it holds.
type KeyUse struct {
	ID       string // empty where the data key is damaged and does not tell
	State    seal.KeyState
	DataKeys int // wrapped by it
}

// Missing is the state of a key that the ring lacks.
const Missing seal.KeyState = "missing"

// KeyCheck opens every sealed value of the database, and every data key. progress, where
// it is not nil, is told how many values are done.
func (s *Service) KeyCheck(ctx context.Context, progress func(done int)) (KeyReport, error) {
	report := KeyReport{KeyID: s.Ring.ID()}
	told := map[string]bool{}
	err := s.Store.EachSealed(ctx, func(v store.Sealed) error {
		if !s.opens(v) {
			report.Failed = append(report.Failed, v.Label+" "+v.RecordID)
			told[v.KeyOwner] = true
		}
		report.Checked++
		if progress != nil {
			progress(report.Checked)
		}
		return ctx.Err()
	})
	if err != nil {
		return report, err
	}
	used := keyUses{}
	err = s.eachDataKey(ctx, func(of store.KeyHolder, k store.WrappedKey) {
		used[seal.WrappedBy(k.DataKey)]++
		if _, err := s.Ring.OpenDataKey(k.DataKey, k.RecordID); err != nil && !told[k.RecordID] {
			report.Failed = append(report.Failed, "data key of "+string(of)+" "+k.RecordID)
		}
	})
	report.Keys = used.by(s.Ring)
	return report, err
}

func (s *Service) opens(v store.Sealed) bool {
	key, err := s.Ring.OpenDataKey(v.DataKey, v.KeyOwner)
	if err == nil {
		_, err = key.Open(v.Value, v.Label, v.RecordID)
	}
	return err == nil
}

// keyUses counts data keys by the id of the key that has wrapped them.
type keyUses map[string]int

// by lists the ring's keys, oldest first, and then those that it lacks.
func (u keyUses) by(ring *seal.Ring) []KeyUse {
	var all []KeyUse
	for _, k := range ring.Keys() {
		all = append(all, KeyUse{k.ID, k.State, u[k.ID]})
	}
	known := len(all)
	for _, id := range slices.Sorted(maps.Keys(u)) {
		if !slices.ContainsFunc(all[:known], func(k KeyUse) bool { return k.ID == id }) {
			all = append(all, KeyUse{id, Missing, u[id]})
		}
	}
	return all
}

func (s *Service) keyUses(ctx context.Context) (keyUses, error) {
	used := keyUses{}
	err := s.eachDataKey(ctx, func(_ store.KeyHolder, k store.WrappedKey) { used[seal.WrappedBy(k.DataKey)]++ })
	return used, err
}

// keyPage is how many data keys are read at once.
const keyPage = 1000

func (s *Service) eachDataKey(ctx context.Context, fn func(store.KeyHolder, store.WrappedKey)) error {
	for _, of := range store.KeyHolders() {
		for after := ""; ; {
			page, err := s.Store.DataKeys(ctx, of, after, keyPage)
			if err != nil {
				return err
			}
			for _, k := range page {
				fn(of, k)
				after = k.RecordID
			}
			if len(page) < keyPage {
				break
			}
		}
	}
	return nil
}
