package replicas_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/e2e/rig"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/testenv"
	"github.com/avain-project/avain/internal/testenv/counterpart"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

const (
	replicas = 3
	accounts = 4
)

// fleet is all of it.
type fleet struct {
	postgres, pooler counterpart.Postgres
	database         rig.Database // directly
	key              secret.Text
	replicas         []*replica
	front            *balancer
	box              *sandbox.Sandbox
	seats            []*rig.Seat
	log              *ledger
}

// replica is one server, with its line to the database.
type replica struct {
	number int
	server *rig.Server
	cable  *cable
}

// newFleet starts everything and signs everybody in, through the balancer.
func newFleet(t *testing.T, flags ...string) *fleet {
	t.Helper()
	testenv.Postgres(t) // not used: it has one of its own. But where there is none, there is no time for this either
	f := &fleet{postgres: counterpart.StartPostgres(t), box: sandbox.New(sandbox.Config{}), log: newLedger()}
	f.pooler = counterpart.StartPgBouncer(t, f.postgres)
	f.database = rig.Database{Setting: f.postgres.URL}
	t.Cleanup(f.box.Close)
	ring, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	if f.key, err = ring.Encode(); err != nil {
		t.Fatal(err)
	}
	for i := range replicas {
		f.replicas = append(f.replicas, f.newReplica(t, i, flags))
	}
	f.front = newBalancer(t, f.replicas)
	client := func() *http.Client {
		return rig.ClientAt(func() string { return strings.TrimPrefix(f.front.URL, "http://") })
	}
	a := f.open(t)
	for i := range accounts {
		s := rig.NewSeat(t, fmt.Sprintf("seat-%d", i), f.box, client)
		s.Register(t, a, f.box)
		f.seats = append(f.seats, s)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	for _, r := range f.replicas {
		r.server.Start(t)
	}
	for _, s := range f.seats {
		s.SignIn(t)
	}
	t.Cleanup(func() { f.end(t) })
	return f
}

func (f *fleet) newReplica(t *testing.T, number int, flags []string) *replica {
	t.Helper()
	behind := f.postgres
	if number == replicas-1 {
		behind = f.pooler
	}
	r := &replica{number: number, cable: newCable(t, fmt.Sprintf("replica-%d", number), behind.Address)}
	r.server = &rig.Server{
		Database: strings.Replace(behind.URL, behind.Address, r.cable.address(), 1),
		Key:      f.key.Reveal(), Dir: t.TempDir(), Flags: append([]string{"--log-level", "warn"}, flags...),
	}
	return r
}

// open is the same data, for an operator.
func (f *fleet) open(t *testing.T) *app.App {
	t.Helper()
	a, err := app.Open(t.Context(), app.Config{
		DataDir: t.TempDir(), Database: f.postgres.URL, Key: f.key, TypedNetworks: []string{"127.0.0.1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// end says what the servers said, where something has failed.
func (f *fleet) end(t *testing.T) {
	for _, r := range f.replicas {
		r.server.Kill(t)
		if t.Failed() {
			t.Logf("replica %d said:\n%s", r.number, r.server.Log())
		}
	}
}

// ready asks a replica itself, until it is.
func (r *replica) ready(t *testing.T) {
	t.Helper()
	client := r.server.Client()
	client.Timeout = 5 * time.Second
	eventually(t, fmt.Sprintf("replica %d is ready", r.number), func() bool {
		res, err := client.Get(rig.PublicURL + "/readyz") //nolint:noctx // the client has a timeout
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); !yes(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("it never comes about that %s", what)
		}
	}
}

// step is a subtest that is of use only after those before it have gone well.
func step(t *testing.T, name string, do func(t *testing.T)) {
	t.Helper()
	if !t.Run(name, do) {
		t.FailNow()
	}
}

// reached waits until a refresh is held.
func reached(t *testing.T, h *rig.Hold) {
	t.Helper()
	select {
	case <-h.Reached:
	case <-time.After(time.Minute):
		t.Fatalf("no refresh got to the point %q", h.At)
	}
}
