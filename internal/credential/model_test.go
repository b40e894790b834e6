package credential_test

import (
	"context"
	"encoding/json"
	"errors"
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
	"github.com/avain-project/avain/internal/secret"
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
	rapid.Check(t, func(r *rapid.T) {
		s := scenario{
			Skews: rapid.SliceOfN(rapid.IntRange(-3600, 3600), 3, 3).Draw(r, "skews"),
			Ends:  rapid.Bool().Draw(r, "ends"),
			Steps: rapid.SliceOfN(rapid.Uint16(), 10, 70).Draw(r, "steps"),
		}
		var wrong, trace []string
		synctest.Test(t, func(t *testing.T) { wrong, trace = play(t, s) })
		if len(wrong) > 0 {
			r.Fatalf("%s\nafter:\n  %s", strings.Join(wrong, "\n"), strings.Join(trace, "\n  "))
		}
	})
}

// A process that was stopped for longer than its claim lasts, before it has asked, must
// not: somebody else may have asked with that refresh token by then.
func TestWhoComesLateWithAClaimDoesNotAsk(t *testing.T) {
	t.Parallel()
	storetest.OpenSQLite(t)
	synctest.Test(t, func(t *testing.T) {
		m := newModel(t, scenario{})
		late, other := m.process("late", 0), m.process("other", 0)
		late.start("renews", late.renew)
		m.upTo(late, "claims")
		m.tell(m.before(late), goOn)
		time.Sleep(46 * time.Second)
		other.start("renews", other.renew)
		m.upTo(other, "saves")
		m.tell(m.before(late), goOn) // reads what it is to renew
		if s := m.before(late); s == nil || s.what != "releases" {
			t.Errorf("with a claim that is over it goes on to %+v", s)
		}
		m.calmDown([]*process{late, other})
		m.judge()
		if len(m.wrong) > 0 {
			t.Errorf("%s\n%s", strings.Join(m.wrong, "\n"), strings.Join(m.trace, "\n"))
		}
	})
}

// Accounts are claimed by the hundred, and asked for by fewer at a time: where the provider
// hangs, the rest must not be asked for when their claims are nearly over.
func TestADueAccountThatWaitedForItsTurnIsLeftForTheNext(t *testing.T) {
	t.Parallel()
	storetest.OpenSQLite(t)
	synctest.Test(t, func(t *testing.T) {
		b := inBubble(t)
		b.vendor.keepAlive = 5 * time.Minute
		const accounts = 40
		for range accounts {
			b.connect()
		}
		time.Sleep(5 * time.Minute)
		var mu sync.Mutex
		var began time.Time
		asked := 0
		b.vendor.plays(func(int, provider.Tokens) (provider.Tokens, error) {
			mu.Lock()
			asked++
			if late := time.Since(began); late > 10*time.Second {
				t.Errorf("asked %v after the claim", late)
			}
			mu.Unlock()
			time.Sleep(30 * time.Second)
			return provider.Tokens{}, &provider.Error{Class: provider.Later, Code: provider.CodeTimeout}
		})
		for range 2 {
			began = time.Now()
			if _, err := b.RenewDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if asked != accounts {
			t.Errorf("%d of %d accounts were asked for in two rounds", asked, accounts)
		}
	})
}

// upTo lets a process go on until it stands before a step.
func (m *model) upTo(p *process, what string) {
	synctest.Wait()
	for s := m.before(p); s.what != what; s = m.before(p) {
		m.tell(s, goOn)
	}
}

// before is where a process stands; nil where it is not stopped.
func (m *model) before(p *process) *stop {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.waiting {
		if s.process == p {
			return s
		}
	}
	return nil
}

// verdict is what a stopped process is told.
type verdict string

const (
	goOn   verdict = "goes on"
	fails  verdict = "fails, nothing done"
	unsure verdict = "fails, though it was done"
	dies   verdict = "and its process is killed"
)

var (
	errStore = errors.Join(store.ErrUnavailable, errors.New("the store is away"))
	errGone  = errors.Join(store.ErrUnavailable, errors.New("the process is gone"))
)

// model is the world of one run.
type model struct {
	db     *store.Store
	ring   *seal.Ring
	grants *grants
	id     account.ID
	began  time.Time
	trace  []string

	mu      sync.Mutex
	waiting []*stop
	wrong   []string
	calm    bool // nobody is stopped any more
}

// stop is a process that stands before a step.
type stop struct {
	process *process
	what    string
	told    chan verdict
}

// process is one server.
type process struct {
	*credential.Service
	*model
	name string
	busy int // with so many requests
	gone bool

	claimed time.Time // its last claim
	// holds is the answer that it has to save, which has failed so often.
	holds *issued
	saves int
}

func (m *model) process(name string, skew int) *process {
	p := &process{model: m, name: name}
	now := func() time.Time { return time.Now().Add(time.Duration(skew) * time.Second) }
	p.Service = credential.New(credential.Config{
		Store: stopping{m.db, p}, Ring: m.ring, Providers: provider.NewRegistry(&asker{p: p}), Now: now,
		Logger: slog.New(slog.DiscardHandler),
	})
	return p
}

// reach stops the process before a step, and returns what it is told.
func (p *process) reach(what string) verdict {
	p.mu.Lock()
	switch {
	case p.gone:
		p.mu.Unlock()
		return dies
	case p.calm:
		p.mu.Unlock()
		return goOn
	}
	s := &stop{p, what, make(chan verdict, 1)}
	p.waiting = append(p.waiting, s)
	p.mu.Unlock()
	return <-s.told
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
	if p.holds != nil {
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

// stopping is the store as a process reaches it.
type stopping struct {
	credential.Store
	p *process
}

// step does what changes the store, as it is told.
func (s stopping) step(what string, do func() error) error {
	switch s.p.reach(what) {
	case dies:
		return errGone
	case fails:
		return errStore
	case unsure:
		return errors.Join(errStore, do())
	}
	return do()
}

func (s stopping) ClaimRefresh(ctx context.Context, r store.ClaimRequest) (claim store.Claim, err error) {
	err = s.step("claims", func() (err error) {
		if claim, err = s.Store.ClaimRefresh(ctx, r); err == nil {
			s.p.claimed = time.Now()
		}
		return err
	})
	return claim, err
}

func (s stopping) ReleaseRefresh(ctx context.Context, c store.Claim, r store.Release) error {
	return s.step("releases", func() error { return s.Store.ReleaseRefresh(ctx, c, r) })
}

func (s stopping) Credential(ctx context.Context, id account.ID) (c store.Credential, err error) {
	err = s.step("reads", func() (err error) {
		c, err = s.Store.Credential(ctx, id)
		return err
	})
	return c, err
}

func (s stopping) MarkToken(ctx context.Context, id account.ID, generation int64, state store.TokenState) (changed bool, err error) {
	err = s.step("marks", func() (err error) {
		changed, err = s.Store.MarkToken(ctx, id, generation, state)
		return err
	})
	return changed, err
}

// SaveCredential notes what becomes of the answer: one that no try could store is lost.
func (s stopping) SaveCredential(ctx context.Context, c store.Credential, expect int64, state store.TokenState) error {
	done := false
	err := s.step("saves", func() error {
		err := s.Store.SaveCredential(ctx, c, expect, state)
		done = err == nil || errors.Is(err, store.ErrConflict)
		return err
	})
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	switch {
	case done:
		s.p.holds, s.p.saves = nil, 0
	case errors.Is(err, errStore):
		if s.p.saves++; s.p.saves == 4 && s.p.holds != nil {
			s.p.holds.lost = true
		}
	}
	return err
}

// grants is the provider: refresh tokens are good once, and each sign-in is a grant of its own.
type grants struct {
	mu   sync.Mutex
	ends bool
	all  []*grant
}

type grant struct {
	number int
	ended  bool
	last   *issued // the refresh token that is good
}

// issued is an answer with new tokens.
type issued struct {
	number int
	to     *process
	since  time.Time // when it was claimed
	lost   bool      // it cannot be saved any more
}

func (g *grants) signIn() provider.Tokens {
	g.mu.Lock()
	defer g.mu.Unlock()
	made := &grant{number: len(g.all), last: &issued{}}
	g.all = append(g.all, made)
	return made.tokens()
}

func (g *grant) tokens() provider.Tokens {
	return provider.Tokens{
		Access: secret.New(fmt.Sprintf("access-%d-%d", g.number, g.last.number)), Refresh: secret.New(g.good()),
		Life: time.Hour, NativeScopes: []string{"mail", "calendar"},
	}
}

func (g *grant) good() string { return fmt.Sprintf("refresh-%d-%d", g.number, g.last.number) }

// of finds the grant of a refresh token.
func (g *grants) of(token string) *grant {
	var number, nth int
	if _, err := fmt.Sscanf(token, "refresh-%d-%d", &number, &nth); err != nil {
		panic(err)
	}
	return g.all[number]
}

// asker is the provider as a process reaches it.
type asker struct {
	vendor
	p *process
}

func (a *asker) Refresh(ctx context.Context, _ account.Registration, held provider.Tokens) (provider.Tokens, error) {
	unheard := func(code string) (provider.Tokens, error) {
		return provider.Tokens{}, &provider.Error{Class: provider.Later, Code: code}
	}
	if a.p.reach("asks") != goOn {
		return unheard(provider.CodeUnreachable)
	}
	if ctx.Err() != nil {
		return unheard(provider.CodeTimeout)
	}
	answer, err := a.p.grants.refresh(a.p, held.Refresh.Reveal())
	if err != nil {
		return provider.Tokens{}, err
	}
	// The answer is on its way: it can be lost, or the process be stopped when it has come.
	if a.p.reach("gets the answer") != goOn {
		a.p.lose()
		return unheard(provider.CodeTimeout)
	}
	return answer, nil
}

func (p *process) lose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.holds != nil {
		p.holds.lost = true
	}
	p.holds = nil
}

func (g *grants) refresh(p *process, token string) (provider.Tokens, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	of := g.of(token)
	if of.ended || token != of.good() {
		if !of.ended && !g.excuses(of) {
			p.complain("%s shows %s at %v, while another may still save %s", p.name, token, time.Since(p.began), of.good())
		}
		of.ended = of.ended || g.ends
		return provider.Tokens{}, &provider.Error{Class: provider.Dead, Code: "invalid_grant", Cause: "it was refused"}
	}
	of.last = &issued{number: of.last.number + 1, to: p, since: p.claimed}
	p.mu.Lock()
	p.holds, p.saves = of.last, 0
	p.mu.Unlock()
	return of.tokens(), nil
}

// excuses tells whether somebody may ask again with a refresh token that is used: its
// answer is lost, or whoever has it was not heard of for as long as a claim lasts.
func (g *grants) excuses(of *grant) bool {
	last := of.last
	if last.to == nil {
		return false // nobody has asked yet
	}
	last.to.mu.Lock()
	defer last.to.mu.Unlock()
	return last.lost || time.Since(last.since) >= claimLength
}

// claimLength is 30 s for the provider and 15 s besides, less what the database's clock
// does not tell.
const claimLength = 45*time.Second - time.Millisecond

// play runs a scenario, and returns what went wrong in it and what happened.
func play(t *testing.T, s scenario) (wrong, trace []string) {
	m := newModel(t, s)
	processes := make([]*process, len(s.Skews))
	for i := range processes {
		processes[i] = m.process(fmt.Sprintf("%c1", 'A'+i), s.Skews[i])
	}
	for _, step := range s.Steps {
		for i, p := range processes {
			if p.gone { // and is started again
				processes[i] = m.process(fmt.Sprintf("%c%d", p.name[0], int(p.name[1]-'0')+1), s.Skews[i])
			}
		}
		options := m.options(processes)
		options[int(step)%len(options)]()
		synctest.Wait()
	}
	m.calmDown(processes)
	m.judge()
	return m.wrong, m.trace
}

// newModel connects one account.
func newModel(t *testing.T, s scenario) *model {
	b := inBubble(t)
	m := &model{db: b.store.Store, ring: b.Ring, grants: &grants{ends: s.Ends}, began: time.Now()}
	b.connectWith(m.grants.signIn())
	m.id = b.id
	return m
}

// inBubble is a bench whose clocks are those of the test's bubble, on SQLite: a bubble has
// no sockets. It has no account yet.
func inBubble(t *testing.T) *bench {
	b := &bench{TB: t, vendor: &vendor{}}
	b.store = &shaky{Store: storetest.OpenSQLite(t).At(time.Now)}
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
		for _, v := range []verdict{goOn, goOn, goOn, goOn, goOn, fails, unsure, dies} {
			options = append(options, func() { m.tell(s, v) })
		}
	}
	for _, p := range processes {
		if p.busy == 0 {
			options = append(options, func() { p.start("renews", p.renew) })
		}
		if p.busy < 2 && p == processes[0] {
			options = append(options, func() { p.start("signs in", p.signIn) })
		}
	}
	for _, d := range []time.Duration{8 * time.Second, 31 * time.Second, 46 * time.Second} {
		options = append(options, func() {
			m.note("%v go by", d)
			time.Sleep(d)
		})
	}
	return options
}

func (p *process) start(what string, do func() error) {
	p.note("%s %s", p.name, what)
	p.mu.Lock()
	p.busy++
	p.mu.Unlock()
	go func() {
		err := do()
		p.note("%s %s: done, %v", p.name, what, err)
		p.mu.Lock()
		p.busy--
		p.mu.Unlock()
	}()
}

func (p *process) renew() error {
	acct, err := p.db.Account(context.Background(), p.id)
	if err != nil {
		return err
	}
	return p.Renew(context.Background(), acct)
}

// signIn stores a new grant as connect does: it decides anew where it was overtaken.
func (p *process) signIn() error {
	ctx, tokens := context.Background(), p.grants.signIn()
	for {
		acct, err := p.db.Account(ctx, p.id)
		if err != nil {
			return err
		}
		plan, err := p.Plan(ctx, &acct, account.Registration{ID: acct.RegistrationID, ServiceType: account.Google}, tokens)
		if err != nil {
			return err
		}
		acct.TokenStatus, acct.TokenError, acct.AuthExpiresAt = account.TokenActive, "", plan.ExpiresAt
		plan.Credential.AccountID = acct.ID
		err = stopping{p.db, p}.step("stores the sign-in", func() error {
			return p.db.SaveConnection(ctx, store.Connection{Account: acct, Credential: plan.Credential, ExpectGeneration: plan.ExpectGeneration})
		})
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// calmDown lets everybody finish.
func (m *model) calmDown(processes []*process) {
	m.note("now all goes on as it should")
	m.mu.Lock()
	m.calm = true
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
	acct, token := m.stored()
	grant := m.grants.of(token)
	alive := token == grant.good() && !grant.ended
	if alive && acct.TokenStatus != account.TokenActive {
		m.complain("the account is %s (%s), and its refresh token is good", acct.TokenStatus, acct.TokenError)
	}
	if !alive && !grant.ended && !grant.last.lost {
		m.complain("%s is stored, the provider takes %s, and no answer was lost", token, grant.good())
	}
	for range 10 {
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
