package storetest

import (
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/store"
)

func testDataKeys(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	var ids []account.ID
	for _, subject := range []string{"ada", "bob", "cleo"} {
		ids = append(ids, w.connected(subject).ID)
	}
	must(s.WipeCredential(w.ctx(), ids[0], 1, store.TokenState{Status: account.TokenDead}))(t) // its data key stays
	for of, want := range map[store.KeyHolder]int{store.HolderApplications: 1, store.HolderRegistrations: 1, store.HolderCredentials: 3} {
		equal(t, must(s.CountDataKeys(w.ctx(), of))(t), want)
	}
	equal(t, must(s.DataKeys(w.ctx(), store.HolderApplications, "", 9))(t), []store.WrappedKey{{RecordID: w.app.ID, DataKey: w.app.DataKey}})
	equal(t, must(s.DataKeys(w.ctx(), store.HolderRegistrations, "", 9))(t), []store.WrappedKey{{RecordID: w.reg.ID, DataKey: w.reg.DataKey}})

	first := must(s.DataKeys(w.ctx(), store.HolderCredentials, "", 2))(t)
	rest := must(s.DataKeys(w.ctx(), store.HolderCredentials, first[1].RecordID, 2))(t)
	if len(first) != 2 || len(rest) != 1 || first[0].RecordID >= first[1].RecordID || first[1].RecordID >= rest[0].RecordID {
		t.Fatalf("pages %v, %v", first, rest)
	}
	changed := must(s.Rewrap(w.ctx(), store.HolderCredentials, []store.Rewrapped{
		{RecordID: first[0].RecordID, From: first[0].DataKey, To: []byte("anew")},
		{RecordID: first[1].RecordID, From: []byte("another"), To: []byte("anew")}, // somebody was quicker
		{RecordID: "absent", From: rest[0].DataKey, To: []byte("anew")},
	}))(t)
	equal(t, changed, 1)
	after := must(s.DataKeys(w.ctx(), store.HolderCredentials, "", 9))(t)
	equal(t, string(after[0].DataKey), "anew")
	equal(t, after[1:], []store.WrappedKey{first[1], rest[0]})
}

// Who writes a record back has read its data key before it was wrapped anew.
func testRewrappedStays(t *testing.T, s *store.Store) {
	w := newWorld(t, s)
	a := w.connected("ada")
	read := must(s.Credential(w.ctx(), a.ID))(t)
	rewrap := func(of store.KeyHolder, id string, from []byte) {
		t.Helper()
		equal(t, must(s.Rewrap(w.ctx(), of, []store.Rewrapped{{RecordID: id, From: from, To: []byte("anew")}}))(t), 1)
	}
	rewrap(store.HolderCredentials, read.RecordID, read.DataKey)
	equal(t, must(s.Credential(w.ctx(), a.ID))(t).Generation, read.Generation) // nobody's save comes too late for it
	read.Sealed = []byte("renewed")
	w.ok(s.SaveCredential(w.ctx(), read, read.Generation, store.TokenState{Status: account.TokenActive}))
	got := must(s.Credential(w.ctx(), a.ID))(t)
	equal(t, string(got.DataKey)+" "+string(got.Sealed), "anew renewed")

	other := newCredential() // another record has a data key of its own
	other.AccountID = a.ID
	w.ok(s.SaveCredential(w.ctx(), *other, got.Generation, store.TokenState{Status: account.TokenActive}))
	equal(t, string(must(s.Credential(w.ctx(), a.ID))(t).DataKey), string(other.DataKey))

	rewrap(store.HolderRegistrations, w.reg.ID, w.reg.DataKey)
	w.reg.Sealed = []byte("renewed")
	w.ok(s.SaveRegistration(w.ctx(), w.reg))
	reg := must(s.Registration(w.ctx(), w.reg.ID))(t)
	equal(t, string(reg.DataKey)+" "+string(reg.Sealed), "anew renewed")
}
