package e2e_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/store/storetest"
)

// replicas are two servers of one public URL on one database. The second is reached
// at its own address, as a balancer would. The changes are to both.
func replicas(t *testing.T, changes ...func(*app.Config)) (one, other *world, publicHost string) {
	t.Helper()
	return unlikeReplicas(t, func(*app.Config) {}, changes...)
}

// unlikeReplicas are replicas of which the second differs.
func unlikeReplicas(t *testing.T, second func(*app.Config), both ...func(*app.Config)) (one, other *world, publicHost string) {
	t.Helper()
	database := storetest.NewPostgres(t)
	one = start(t, append(both, func(c *app.Config) { c.Database = database.URL })...)
	next := *one
	address := freeAddress(t)
	next.serve(append(both, second, func(c *app.Config) { c.Listen, c.PublicURL = address, one.url })...)
	next.url = "http://" + address
	return one, &next, strings.TrimPrefix(one.url, "http://")
}

func TestAReplicaFinishesWhatAnotherBegan(t *testing.T) {
	t.Parallel()
	one, other, host := replicas(t)
	b := one.browser()
	back := b.toCallback(nil)
	final := b.get(strings.Replace(back, one.url, other.url, 1), "Host", host)
	c := one.redeemedAccount(final.result(t))
	for _, w := range []*world{one, other} {
		if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
			t.Errorf("a call: %d %s", a.status, a.body)
		}
	}
}

// One state, one code, one refresh token: whoever comes second is refused, wherever.
func TestReplicasRace(t *testing.T) {
	t.Parallel()
	one, other, host := replicas(t)
	b := one.browser()
	back := b.toCallback(nil)
	each := func(n int, call func(w *world) answer) []answer {
		answers := make([]answer, 2*n)
		var group sync.WaitGroup
		for i := range n {
			group.Go(func() { answers[2*i] = call(one) })
			group.Go(func() { answers[2*i+1] = call(other) })
		}
		group.Wait()
		return answers
	}
	winner := func(answers []answer, won func(answer) bool, code string) (found answer) {
		t.Helper()
		n := 0
		for _, a := range answers {
			if won(a) {
				found, n = a, n+1
			} else {
				wantShown(t, a, http.StatusBadRequest, code)
			}
		}
		if n != 1 {
			t.Fatalf("%d of %d calls won", n, len(answers))
		}
		return found
	}

	final := winner(each(4, func(w *world) answer { return b.get(strings.Replace(back, one.url, w.url, 1), "Host", host) }),
		func(a answer) bool { return a.location() != "" }, "state.used")
	code := final.result(t).Get("code")
	c := readConnected(t, winner(each(4, func(w *world) answer { return w.redeem(code) }),
		func(a answer) bool { return a.status == http.StatusOK }, "code.used"))

	one.box.Expire()
	for _, a := range each(25, func(w *world) answer { return w.as(c, http.MethodGet, "/v1/direct/echo/x") }) {
		if a.status != http.StatusOK {
			t.Errorf("a call while both renew: %d %s", a.status, a.body)
		}
	}
	if n := one.calls().Refresh; n < 1 || n > 2 {
		t.Errorf("%d refreshes by two replicas", n)
	}
	if got := other.status(c); got != "active" {
		t.Errorf("the account is %q", got)
	}
}

// What one replica changes, the other knows within a second, though it remembers
// what it has read.
func TestReplicasSeeEachOthersChanges(t *testing.T) {
	t.Parallel()
	one, other, _ := replicas(t)
	kept, revoked, deleted := one.connect(nil), one.connect(url.Values{"recycle": {"false"}}), one.connect(url.Values{"loginHint": {bob}})
	served := func(c connected) answer { return other.as(c, http.MethodGet, "/v1/direct/echo/x") }
	for _, c := range []connected{kept, revoked, deleted} {
		if a := served(c); a.status != http.StatusOK {
			t.Fatalf("before: %d %s", a.status, a.body)
		}
	}

	tokens, err := one.ops.Tokens(t.Context(), account.ID(revoked.AccountID))
	if err != nil || len(tokens) != 1 {
		t.Fatalf("%v, %v", tokens, err)
	}
	if err := one.ops.RevokeToken(t.Context(), account.ID(revoked.AccountID), tokens[0].ID); err != nil {
		t.Fatal(err)
	}
	withinASecond(t, "a revoked token", func() bool { return served(revoked).code() == "token.revoked" })

	if a := one.as(deleted, http.MethodDelete, "/v1/account"); a.status != http.StatusOK {
		t.Fatalf("delete: %d %s", a.status, a.body)
	}
	withinASecond(t, "a deleted account", func() bool { return served(deleted).code() == "token.revoked" })

	one.upstream(func(res http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(res, "elsewhere") })
	withinASecond(t, "a changed registration", func() bool { return served(kept).body == "elsewhere" })
}

// withinASecond asks until the answer is yes. A machine that is busy with other tests
// is given some more, for the request itself.
func withinASecond(t *testing.T, what string, seen func() bool) {
	t.Helper()
	began := time.Now()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		asked := time.Now()
		if seen() {
			return
		}
		if asked.Sub(began) > time.Second {
			t.Fatalf("%s is not seen after %v", what, asked.Sub(began))
		}
		<-tick.C
	}
}
