package crash_test

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/avain-project/avain/e2e/rig"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/store/storetest"
)

var (
	kills = flag.Int("kills", 40, "how often the server is killed, an engine")
	seed  = flag.Uint64("seed", 0, "of what is chosen by chance; 0: by the time")
)

const (
	accounts = 7 // in a world
	inFlight = 5 // refreshes under way at a kill
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// Whenever the server is killed, no account is lost, but where the provider had taken
// the old refresh token and the new one had not reached the disk.
func TestKillsLoseNothingThatWasStored(t *testing.T) {
	t.Parallel()
	if !storetest.OnPostgres() {
		t.Run("SQLite", func(t *testing.T) { t.Parallel(); newWorld(t, storetest.Setting(t)).suffer(t) })
	}
	if !storetest.OnSQLite() {
		t.Run("PostgreSQL", func(t *testing.T) { t.Parallel(); newWorld(t, storetest.NewPostgres(t).URL).suffer(t) })
	}
}

// world is a server, its accounts, and their provider.
type world struct {
	server   *rig.Server
	database rig.Database
	box      *sandbox.Sandbox
	seats    []*rig.Seat
	random   *rand.Rand
	next     int // of the named points
	tallies  map[rig.Point]*tally
}

// tally is what came of the kills at one point.
type tally struct{ accounts, kept, lost int }

func newWorld(t *testing.T, setting string) *world {
	t.Helper()
	ring, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	key, err := ring.Encode()
	if err != nil {
		t.Fatal(err)
	}
	chosen := cmp.Or(*seed, uint64(time.Now().UnixNano()))
	t.Logf("-seed %d", chosen)
	w := &world{
		server: &rig.Server{Database: setting, Key: key.Reveal(), Dir: t.TempDir()}, database: rig.Database{Setting: setting},
		box: sandbox.New(sandbox.Config{}), random: rand.New(rand.NewPCG(chosen, 0)), tallies: map[rig.Point]*tally{},
	}
	t.Cleanup(w.box.Close)
	a, err := app.Open(t.Context(), app.Config{DataDir: w.server.Dir, Database: setting, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	for i := range accounts {
		s := rig.NewSeat(t, fmt.Sprintf("crash-%d", i), w.box, w.server.Client)
		s.Register(t, a, w.box)
		w.seats = append(w.seats, s)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) suffer(t *testing.T) {
	w.server.Start(t)
	for _, s := range w.seats {
		s.SignIn(t)
	}
	for number := 1; number <= *kills && !t.Failed(); number++ {
		w.random.Shuffle(len(w.seats), func(i, j int) { w.seats[i], w.seats[j] = w.seats[j], w.seats[i] })
		k := w.prepare(t, number)
		if number%4 == 0 {
			k.anywhere(t)
		} else {
			k.named(t)
		}
		for _, s := range w.seats {
			s.Provider.StopAt(rig.AtRest)
		}
		w.server.Start(t)
		w.judge(t, k)
	}
	w.server.Kill(t)
	if t.Failed() {
		t.Logf("the last server said:\n%s", w.server.Log())
	}
	t.Log(w.summary())
	for _, p := range append(rig.Points(), rig.Anywhere) {
		if w.tallies[p] == nil && *kills >= 8 {
			t.Errorf("nothing was killed %s", p)
		}
	}
}

// kill is one kill: who was where, and how everything stood before.
type kill struct {
	w       *world
	number  int
	flying  map[*rig.Seat]*rig.Hold
	before  map[int64]rig.Stored
	ledgers map[*rig.Seat]rig.Book
	calls   sync.WaitGroup
}

// prepare leaves nobody a live access token, so that each call begins a refresh.
func (w *world) prepare(t *testing.T, number int) *kill {
	t.Helper()
	k := &kill{w: w, number: number, flying: map[*rig.Seat]*rig.Hold{}, before: w.database.Accounts(t), ledgers: map[*rig.Seat]rig.Book{}}
	for _, s := range w.seats {
		k.ledgers[s] = s.Provider.Book()
	}
	w.box.Expire()
	return k
}

// at is where the kill found the account.
func (k *kill) at(s *rig.Seat) rig.Point {
	if h := k.flying[s]; h != nil {
		return h.At
	}
	return rig.AtRest
}

// begin makes the call whose refresh will be stopped at the point.
func (k *kill) begin(t *testing.T, s *rig.Seat, at rig.Point) {
	h := s.Provider.StopAt(at)
	k.flying[s] = h
	k.calls.Go(func() {
		a := s.Call(t)
		told := at == rig.Kept && a.Code() == "store.unavailable" // when the tries to save were over
		if a.Err == nil && at != rig.Anywhere && !told {
			t.Errorf("kill %d, %s: the caller got %+v", k.number, at, a)
		}
	})
}

// named kills while each of some accounts is at a point of its own.
func (k *kill) named(t *testing.T) {
	t.Helper()
	points := map[*rig.Seat]rig.Point{}
	for _, s := range k.w.seats[:inFlight] {
		points[s] = rig.Points()[k.w.next%len(rig.Points())]
		k.w.next++
	}
	allow := func() {}
	for s, at := range points {
		switch at {
		case rig.Unclaimed:
			continue
		case rig.Kept:
			allow = k.w.database.Refuse(t, s.Account)
		}
		k.begin(t, s, at)
		if at == rig.Kept {
			k.w.server.Entered(t, k.flying[s].Reached)
		}
	}
	k.reached(t)
	unlock := k.w.database.Lock(t) // now all claims are made that shall be
	for s, at := range points {
		if at == rig.Unclaimed {
			k.begin(t, s, at)
		}
	}
	k.reached(t)
	for _, h := range k.flying {
		if h.At == rig.Arrived {
			close(h.Release)
			k.until(t, h.Delivered, h.At)
		}
	}
	k.w.server.Kill(t)
	for _, h := range k.flying {
		if h.At != rig.Arrived {
			close(h.Release)
		}
	}
	k.calls.Wait()
	unlock()
	allow()
}

// reached waits until everybody is where the kill shall find them.
func (k *kill) reached(t *testing.T) {
	t.Helper()
	for _, h := range k.flying {
		k.until(t, h.Reached, h.At)
	}
}

func (k *kill) until(t *testing.T, event <-chan struct{}, at rig.Point) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(time.Minute):
		k.w.server.Kill(t)
		t.Fatalf("kill %d: no refresh got to the point %q\n%s", k.number, at, k.w.server.Log())
	}
}

// anywhere kills when nobody has chosen the moment.
func (k *kill) anywhere(t *testing.T) {
	t.Helper()
	for _, s := range k.w.seats[:inFlight] {
		k.begin(t, s, rig.Anywhere)
	}
	<-time.After(time.Duration(k.w.random.Int64N(int64(50 * time.Millisecond))))
	k.w.server.Kill(t)
	k.calls.Wait()
}

func (w *world) count(at rig.Point, lost bool) {
	found := w.tallies[at]
	if found == nil {
		found = new(tally)
		w.tallies[at] = found
	}
	found.accounts++
	if lost {
		found.lost++
	} else {
		found.kept++
	}
}

// summary is the table of what came of it.
func (w *world) summary() string {
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "%d kills\nwhere the account was\taccounts\tkept\tlost and marked\n", *kills)
	for _, p := range append([]rig.Point{rig.AtRest}, append(rig.Points(), rig.Anywhere)...) {
		if n := w.tallies[p]; n != nil {
			_, _ = fmt.Fprintf(table, "%s\t%d\t%d\t%d\n", p, n.accounts, n.kept, n.lost)
		}
	}
	_ = table.Flush()
	return out.String()
}
