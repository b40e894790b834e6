package credential_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/storetest"
)

// The claim protocol, with chance as the scheduler: processes on one real store, each
// stopped before every step until it is told to go on, to fail, or to be gone for good;
// time goes by only as chance says, and people sign in in between. See docs/refresh.md.

// scenario is one run, whole: what chance gives.
type scenario struct {
	Skews []int // of the processes' clocks, in seconds
	// Ends: a refresh token that is shown again ends the grant.
	Ends  bool
	Steps []uint16
}

func TestNoInterleavingLosesAToken(t *testing.T) {
	t.Parallel()
	storetest.OpenSQLite(t) // what it remembers of the migrations belongs to no run
	noInterleavingLosesAToken(t, 1, func(testing.TB) opener { return storetest.OpenSQLite })
}

// The same on PostgreSQL, of which a quarter of the runs is played. Its sockets are the
// bubble's own: no time passes while a statement is under way.
func TestNoInterleavingLosesATokenOnPostgres(t *testing.T) {
	t.Parallel()
	if storetest.OnSQLite() {
		return
	}
	noInterleavingLosesAToken(t, 4, func(t testing.TB) opener {
		url := storetest.NewPostgres(t).URL
		return func(t testing.TB) *store.Store { return storetest.OpenURL(t, url) }
	})
}

// opener opens a run's store, inside its bubble.
type opener func(testing.TB) *store.Store

// noInterleavingLosesAToken plays one of so many runs.
func noInterleavingLosesAToken(t *testing.T, oneOf int, prepare func(testing.TB) opener) {
	t.Helper()
	run, failed := 0, false
	rapid.Check(t, func(r *rapid.T) {
		s := scenario{
			Skews: rapid.SliceOfN(rapid.IntRange(-3600, 3600), 3, 3).Draw(r, "skews"),
			Ends:  rapid.Bool().Draw(r, "ends"),
			Steps: rapid.SliceOfN(rapid.Uint16(), 60, 120).Draw(r, "steps"),
		}
		if run++; run%oneOf != 0 && !failed {
			return
		}
		var wrong, trace []string
		open := prepare(t)
		synctest.Test(t, func(t *testing.T) { wrong, trace = play(t, s, open) })
		if len(wrong) > 0 {
			failed = true // from now on each counts, to find the shortest
			r.Fatalf("%s\nafter:\n  %s", strings.Join(wrong, "\n"), strings.Join(trace, "\n  "))
		}
	})
}

// model is the world of one run.
type model struct {
	db     *store.Store
	ring   *seal.Ring
	grants *grants
	id     account.ID
	began  time.Time
	newest string // the refresh token of the sign-in that was stored last
	trace  []string
	disks  map[string]*disk // by machine

	mu      sync.Mutex
	waiting []*stop
	wrong   []string
	away    bool // the store takes nothing
	calm    bool // nobody is stopped any more
}

// tell lets a stopped process go on.
func (m *model) tell(s *stop, v verdict) {
	m.note("%s %s: %s", s.process.name, s.what, v)
	m.mu.Lock()
	m.waiting = slices.DeleteFunc(m.waiting, func(o *stop) bool { return o == s })
	m.mu.Unlock()
	if v == dies {
		m.bury(s.process)
	}
	s.told <- v
	synctest.Wait()
}

// bury ends a process: whatever it still does, does nothing.
func (m *model) bury(p *process) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p.gone = true
	if p.holds != nil && !p.holds.kept {
		p.holds.lost = true
	}
	for _, s := range m.waiting {
		if s.process == p {
			s.told <- dies
		}
	}
	m.waiting = slices.DeleteFunc(m.waiting, func(s *stop) bool { return s.process == p })
}

func (m *model) note(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trace = append(m.trace, fmt.Sprintf("%6.1fs ", time.Since(m.began).Seconds())+fmt.Sprintf(format, args...))
}

func (m *model) complain(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wrong = append(m.wrong, fmt.Sprintf(format, args...))
}

// play runs a scenario, and returns what went wrong in it and what happened.
func play(t *testing.T, s scenario, open opener) (wrong, trace []string) {
	m := newModel(t, s, open)
	processes := make([]*process, len(s.Skews))
	for i := range processes {
		processes[i] = m.process(string(rune('A'+i)), s.Skews[i])
	}
	for n, step := range s.Steps {
		m.restart(processes, s, n)
		options := m.options(processes)
		options[int(step*40503)%len(options)]() // chance prefers small numbers
		synctest.Wait()
	}
	m.restart(processes, s, len(s.Steps))
	m.calmDown(processes)
	m.judge()
	return m.wrong, m.trace
}

// restart starts processes again that are gone.
func (m *model) restart(processes []*process, s scenario, n int) {
	for i, p := range processes {
		if p.gone {
			processes[i] = m.process(fmt.Sprintf("%c%d", p.name[0], n), s.Skews[i])
			processes[i].start("starts", processes[i].replays)
			synctest.Wait()
		}
	}
}

// newModel connects one account.
func newModel(t *testing.T, s scenario, open opener) *model {
	b := inBubbleOn(t, open)
	m := &model{db: b.store.Store, ring: b.Ring, grants: &grants{ends: s.Ends}, began: time.Now(), disks: map[string]*disk{}}
	b.connectWith(m.grants.signIn())
	m.id = b.id
	return m
}

// inBubble is a bench whose clocks are those of the test's bubble, on SQLite. It has no
// account yet.
func inBubble(t *testing.T) *bench { return inBubbleOn(t, storetest.OpenSQLite) }

func inBubbleOn(t *testing.T, open opener) *bench {
	b := &bench{TB: t, vendor: &vendor{}}
	b.store = &shaky{Store: open(t).At(time.Now)}
	ring, err := seal.NewRing()
	b.ok(err)
	b.Service = credential.New(credential.Config{
		Store: b.store, Ring: ring, Providers: provider.NewRegistry(b.vendor), Transport: b.vendor, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	return b
}

// options are all that may happen next. The likely is there more often.
func (m *model) options(processes []*process) (options []func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	slices.SortStableFunc(m.waiting, func(a, b *stop) int { return strings.Compare(a.process.name+a.what, b.process.name+b.what) })
	for _, s := range m.waiting {
		for _, v := range []verdict{goOn, goOn, goOn, goOn, goOn, goOn, goOn, goOn, goOn, fails, unsure, dies} {
			options = append(options, func() { m.tell(s, v) })
		}
	}
	for _, p := range processes {
		if p.busy == 0 {
			options = append(options, func() { p.start("renews", p.renew) })
			if m.disks[p.name[:1]].journalled() > 0 {
				options = append(options, func() { p.start("replays", p.replays) })
			}
		}
		if p.busy < 2 && p == processes[0] {
			options = append(options, func() { p.start("signs in", p.signIn) })
		}
	}
	holding := slices.ContainsFunc(processes, func(p *process) bool { return p.holds != nil })
	if m.away || holding { // when it matters
		options = append(options, m.toggle, m.toggle)
	}
	for _, d := range []time.Duration{8 * time.Second, 31 * time.Second, 46 * time.Second} {
		options = append(options, func() {
			m.note("%v go by", d)
			time.Sleep(d)
		})
	}
	return options
}

// toggle makes the store go away, or come back.
func (m *model) toggle() {
	m.mu.Lock()
	m.away = !m.away
	m.mu.Unlock()
	m.note("the store is away: %v", m.away)
}

// calmDown lets everybody finish.
func (m *model) calmDown(processes []*process) {
	m.note("now all goes on as it should")
	m.mu.Lock()
	m.calm, m.away = true, false
	waiting := slices.Clone(m.waiting)
	m.mu.Unlock()
	for _, s := range waiting {
		m.tell(s, goOn)
	}
	for _, p := range processes {
		for m.working(p) {
			time.Sleep(time.Second)
			synctest.Wait()
		}
		p.start("replays", p.replays)
		for m.working(p) {
			time.Sleep(time.Second)
			synctest.Wait()
		}
	}
}

func (m *model) working(p *process) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return p.busy > 0
}

// judge says whether the account came out as it may: alive with the refresh token that
// the provider takes, or dead, told as lost, because an answer was.
func (m *model) judge() {
	last := m.process("judge", 0)
	for machine, d := range m.disks {
		if n := d.journalled(); n > 0 {
			m.complain("the journal of machine %s has %d entries left", machine, n)
		}
	}
	acct, token := m.stored()
	grant := m.grants.of(token)
	if m.newest != "" && grant != m.grants.of(m.newest) {
		m.complain("%s is stored, of an older grant than the newest sign-in's %s", token, m.newest)
	}
	alive := token == grant.good() && !grant.ended
	if alive && acct.TokenStatus != account.TokenActive {
		m.complain("the account is %s (%s), and its refresh token is good", acct.TokenStatus, acct.TokenError)
	}
	if !alive && !grant.ended && !grant.last.lost {
		m.complain("%s is stored, the provider takes %s, and no answer was lost", token, grant.good())
	}
	for range 12 { // longer than the doubt about what was in a journal
		time.Sleep(time.Minute)
		if acct, _ = m.stored(); acct.TokenStatus == account.TokenDead {
			break
		}
		if err := last.renew(); err == nil {
			break
		}
	}
	acct, token = m.stored()
	switch {
	case alive && (acct.TokenStatus != account.TokenActive || token != m.grants.of(token).good()):
		m.complain("the account was alive, and is %s (%s) with %s", acct.TokenStatus, acct.TokenError, token)
	case !alive && acct.TokenStatus != account.TokenDead:
		m.complain("the account has lost its grant, and is %s", acct.TokenStatus)
	case !alive && !grant.ended && !strings.Contains(acct.TokenError, "lost"):
		m.complain("an answer was lost, and the account says %q", acct.TokenError)
	}
}

// stored is the account, and the refresh token that is on the disk.
func (m *model) stored() (account.Account, string) {
	ctx := context.Background()
	acct, err := m.db.Account(ctx, m.id)
	if err != nil {
		panic(err)
	}
	record, err := m.db.Credential(ctx, m.id)
	if err != nil {
		panic(err)
	}
	key, err := m.ring.OpenDataKey(record.DataKey, record.RecordID)
	if err != nil {
		panic(err)
	}
	plain, err := key.Open(record.Sealed, store.LabelCredential, record.RecordID)
	if err != nil {
		panic(err)
	}
	var held struct{ Refresh string }
	if err := json.Unmarshal(plain, &held); err != nil {
		panic(err)
	}
	return acct, held.Refresh
}
