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

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if folder, err = os.MkdirTemp("", "avain-crash-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

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
	server   *server
	database database
	box      *sandbox.Sandbox
	seats    []*seat
	random   *rand.Rand
	next     int // of the named points
	tallies  map[point]*tally
}

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
		server: &server{database: setting, key: key.Reveal(), dir: t.TempDir()}, database: database{setting},
		box: sandbox.New(sandbox.Config{}), random: rand.New(rand.NewPCG(chosen, 0)), tallies: map[point]*tally{},
	}
	t.Cleanup(w.box.Close)
	a, err := app.Open(t.Context(), app.Config{DataDir: w.server.dir, Database: setting, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	for i := range accounts {
		s := &seat{server: w.server, provider: newProvider(t, w.box)}
		s.register(t, a, w.box, i)
		w.seats = append(w.seats, s)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) suffer(t *testing.T) {
	w.server.start(t)
	for _, s := range w.seats {
		s.signIn(t)
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
			s.provider.stopAt(atRest)
		}
		w.server.start(t)
		w.judge(t, k)
	}
	w.server.kill(t)
	if t.Failed() {
		t.Logf("the last server said:\n%s", w.server.log)
	}
	t.Log(w.summary())
	for _, p := range append(named(), anywhere) {
		if w.tallies[p] == nil && *kills >= 8 {
			t.Errorf("nothing was killed %s", p)
		}
	}
}

// kill is one kill: who was where, and how everything stood before.
type kill struct {
	w       *world
	number  int
	flying  map[*seat]*hold
	before  map[int64]stored
	ledgers map[*seat]ledger
	calls   sync.WaitGroup
}

// prepare leaves nobody a live access token, so that each call begins a refresh.
func (w *world) prepare(t *testing.T, number int) *kill {
	t.Helper()
	k := &kill{w: w, number: number, flying: map[*seat]*hold{}, before: w.database.accounts(t), ledgers: map[*seat]ledger{}}
	for _, s := range w.seats {
		k.ledgers[s] = s.provider.ledger()
	}
	w.box.Expire()
	return k
}

// at is where the kill found the account.
func (k *kill) at(s *seat) point {
	if h := k.flying[s]; h != nil {
		return h.at
	}
	return atRest
}

// begin makes the call whose refresh will be stopped at the point.
func (k *kill) begin(t *testing.T, s *seat, at point) {
	h := s.provider.stopAt(at)
	k.flying[s] = h
	k.calls.Go(func() {
		if a := s.call(t); a.err == nil && at != anywhere {
			t.Errorf("kill %d, %s: the caller got %+v", k.number, at, a)
		}
	})
}

// named kills while each of some accounts is at a point of its own.
func (k *kill) named(t *testing.T) {
	t.Helper()
	points := map[*seat]point{}
	for _, s := range k.w.seats[:inFlight] {
		points[s] = named()[k.w.next%len(named())]
		k.w.next++
	}
	for s, at := range points {
		if at != unclaimed {
			k.begin(t, s, at)
		}
	}
	k.reached(t)
	unlock := k.w.database.lock(t) // now all claims are made that shall be
	for s, at := range points {
		if at == unclaimed {
			k.begin(t, s, at)
		}
	}
	k.reached(t)
	for _, h := range k.flying {
		if h.at == arrived {
			close(h.release)
			k.until(t, h.delivered, h.at)
		}
	}
	k.w.server.kill(t)
	for _, h := range k.flying {
		if h.at != arrived {
			close(h.release)
		}
	}
	k.calls.Wait()
	unlock()
}

// reached waits until everybody is where the kill shall find them.
func (k *kill) reached(t *testing.T) {
	t.Helper()
	for _, h := range k.flying {
		k.until(t, h.reached, h.at)
	}
}

func (k *kill) until(t *testing.T, event <-chan struct{}, at point) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(time.Minute):
		k.w.server.kill(t)
		t.Fatalf("kill %d: no refresh got to the point %q\n%s", k.number, at, k.w.server.log)
	}
}

// anywhere kills when nobody has chosen the moment.
func (k *kill) anywhere(t *testing.T) {
	t.Helper()
	for _, s := range k.w.seats[:inFlight] {
		k.begin(t, s, anywhere)
	}
	<-time.After(time.Duration(k.w.random.Int64N(int64(50 * time.Millisecond))))
	k.w.server.kill(t)
	k.calls.Wait()
}

func (w *world) count(at point, lost bool) {
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
	for _, p := range append([]point{atRest}, append(named(), anywhere)...) {
		if n := w.tallies[p]; n != nil {
			_, _ = fmt.Fprintf(table, "%s\t%d\t%d\t%d\n", p, n.accounts, n.kept, n.lost)
		}
	}
	_ = table.Flush()
	return out.String()
}
