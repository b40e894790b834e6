package replicas_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/avain-project/avain/e2e/rig"
	"github.com/avain-project/avain/internal/operator"
)

// What nobody waits for is begun by one replica, which is killed in the middle of it, and
// done by another: once.
func TestWorkInTheBackgroundOutlivesItsReplica(t *testing.T) {
	t.Parallel()
	receiver := newReceiver(t)
	f := newFleet(t, "--typed-networks", "127.0.0.1", "--typed-ca", receiver.ca)
	step(t, "refreshes that are due", f.dueRefreshes)
	step(t, "events", func(t *testing.T) { f.events(t, receiver) })
}

// dueRefreshes: a server looks for them when it starts.
func (f *fleet) dueRefreshes(t *testing.T) {
	one, other := f.replicas[0], f.replicas[1]
	f.log.kills(one)
	one.server.Kill(t)
	frozen := f.replicas[1:]
	for _, r := range frozen { // so that it is known who has claimed
		r.server.Stop(t)
	}
	before, holds := map[*rig.Seat]rig.Book{}, map[*rig.Seat]*rig.Hold{}
	for _, s := range f.seats {
		before[s], holds[s] = s.Provider.Book(), s.Provider.StopAt(rig.Asked)
	}
	if n := f.database.Exec(t, `UPDATE refreshes SET due_at = 1 WHERE due_at > 0`); n != accounts {
		t.Fatalf("%d refreshes can be due", n)
	}
	one.server.Start(t)
	for _, s := range f.seats {
		reached(t, holds[s])
		f.wantHeld(t, s)
		s.Provider.StopAt(rig.AtRest)
	}
	one.server.Kill(t)
	for _, s := range f.seats {
		close(holds[s].Release)
	}
	other.server.Kill(t)
	f.replicas[2].server.Continue(t) // it may look at any moment: it does so every minute
	f.database.Pass(t, aClaim)
	if f.database.Exec(t, `UPDATE turns SET held_until = 1 WHERE holder <> ''`) != 1 {
		t.Error("nobody holds the turn that was to be left behind")
	}
	other.server.Start(t)
	eventually(t, "nothing is due", func() bool {
		return f.database.Number(t, `SELECT count(*) FROM refreshes WHERE due_at = 1 OR holder <> ''`) == 0
	})
	for _, s := range f.seats {
		if n := s.Provider.Book().Refreshes - before[s].Refreshes; n != 1 {
			t.Errorf("%s was renewed %d times", s.Name, n)
		}
	}
	one.server.Start(t)
	f.judge(t)
}

// events: the first is on its way when its replica is killed; the second comes after it.
func (f *fleet) events(t *testing.T, receiver *receiver) {
	one := f.replicas[0]
	s := f.tellingSeat(t, receiver)
	f.only(one, func() {
		for _, r := range f.replicas[1:] {
			r.server.Stop(t)
		}
		s.SignIn(t)
		<-receiver.reached
	})
	f.front.takeOut(one)
	f.log.kills(one)
	one.server.Kill(t)
	for _, r := range f.replicas[1:] {
		r.server.Continue(t)
	}
	close(receiver.release)
	if a := s.Do(t, http.MethodDelete, "/v1/account"); a.Status != http.StatusOK {
		t.Fatalf("delete: %+v", a)
	}
	if f.database.Exec(t, `UPDATE webhook_endpoints SET held_until = 1 WHERE holder <> ''`) != 1 {
		t.Fatal("nobody holds the claim that was to be left behind")
	}
	eventually(t, "both events are delivered", func() bool {
		return f.database.Number(t, `SELECT count(*) FROM deliveries WHERE state = 'delivered'`) == 2
	})
	one.server.Start(t)
	f.front.takeIn(one)
	created, deleted := receiver.broken[0], event{}
	if got := receiver.events(); len(got) == 2 {
		deleted = got[1]
		if got[0] != created {
			t.Errorf("%v was broken off, and %v came then", created, got[0])
		}
	}
	if created.Type != "account.created" || deleted.Type != "account.deleted" {
		t.Errorf("it was told %v", receiver.events())
	}
	f.judge(t)
}

// tellingSeat is one more account to be, whose application hears of it.
func (f *fleet) tellingSeat(t *testing.T, receiver *receiver) *rig.Seat {
	t.Helper()
	s := rig.NewSeat(t, "telling", f.box, f.seats[0].Client)
	a := f.open(t)
	s.Register(t, a, f.box)
	_, err := a.Operator().SetApplication(t.Context(), s.ClientID, operator.SetApplication{Webhooks: &[]string{receiver.url}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err = a.Operator().SigningSecret(t.Context(), s.ClientID); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

// receiver is an application's webhook that breaks off the first delivery, when it is told to.
type receiver struct {
	url, ca          string
	reached, release chan struct{}

	mu     sync.Mutex
	broken []event
	got    []event
}

type event struct{ ID, Type string }

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{ca: filepath.Join(t.TempDir(), "receiver.pem"), reached: make(chan struct{}), release: make(chan struct{})}
	server := httptest.NewTLSServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(r.ca, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

// ServeHTTP implements http.Handler.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var e event
	if err := json.NewDecoder(req.Body).Decode(&e); err != nil {
		http.Error(w, fmt.Sprint(err), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.broken) == 0 {
		r.broken = append(r.broken, e)
		close(r.reached)
		<-r.release
		panic(http.ErrAbortHandler)
	}
	r.got = append(r.got, e)
}

func (r *receiver) events() []event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}
