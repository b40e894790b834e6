package credential_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

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
	kept   bool      // it is in the journal, on the disk of a machine
	until  time.Time // how long others leave the account alone for that
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
	if n := a.p.disk(a.p.name).journalled(); n > 0 {
		a.p.complain("%s asks, with %d entries in its journal", a.p.name, n)
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
	p.holds = of.last
	p.mu.Unlock()
	return of.tokens(), nil
}

// excuses tells whether somebody may ask again with a refresh token that is used: its
// answer is lost, or whoever has it was not heard of for as long as a claim lasts, or has
// not been able to save it for as long as it has asked for.
func (g *grants) excuses(of *grant) bool {
	last := of.last
	if last.to == nil {
		return false // nobody has asked yet
	}
	last.to.mu.Lock()
	defer last.to.mu.Unlock()
	return last.lost || time.Since(last.since) >= claimLength && !time.Now().Before(last.until)
}

// claimLength is 30 s for the provider and 15 s besides, less what the database's clock
// does not tell.
const claimLength = 45*time.Second - time.Millisecond
