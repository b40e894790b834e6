package e2e_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
)

// takesPartial sets how the application takes a partial grant.
func (w *world) takesPartial(way account.PartialGrant) {
	w.t.Helper()
	if _, err := w.ops.SetApplication(w.t.Context(), w.client.ClientID, operator.SetApplication{PartialGrant: &way}); err != nil {
		w.t.Fatal(err)
	}
}

// unticked is a sign-in that leaves the calendar out.
func unticked(person string) url.Values {
	return url.Values{"scopes": {"Mail.Read Calendar.Read"}, "loginHint": {person + "+auto+untick@sandbox.test"}}
}

var pageLink = regexp.MustCompile(`<a id="([a-z-]+)"[^>]* href="([^"]*)"`)

// links are the links of a page by their id, as a browser reads them.
func (a answer) links() map[string]string {
	found := map[string]string{}
	for _, m := range pageLink.FindAllStringSubmatch(a.body, -1) {
		found[m[1]] = html.UnescapeString(m[2])
	}
	return found
}

// question is the page of a partial grant with its choices.
type question struct {
	answer
	rest, without, cancel string
}

// asked opens the page to which a sign-in led.
func (b *browser) asked(led answer) question {
	b.w.t.Helper()
	if !strings.HasPrefix(led.location(), b.w.url+"/v1/auth/partial?key=") {
		led = answer{asked: led.asked, header: http.Header{"Location": {led.asked}}, status: led.status, body: led.body}
	}
	page := b.get(led.location(), "Accept", asPage)
	if page.status != http.StatusOK || !strings.Contains(page.body, "Some of the access was left out.") {
		b.w.t.Fatalf("no question at %s: %d %s", led.location(), page.status, page.body)
	}
	q, links := question{answer: page}, page.links()
	at := func(id string) string {
		if links[id] == "" {
			return ""
		}
		return b.w.url + links[id]
	}
	q.rest, q.without, q.cancel = at("rest"), at("without"), at("cancel")
	return q
}

// leftOut runs a partial sign-in up to the question.
func (b *browser) leftOut(changes url.Values) question {
	b.w.t.Helper()
	led := b.get(b.toCallback(changes))
	if led.status != http.StatusSeeOther {
		b.w.t.Fatalf("the callback answers %d %s", led.status, led.body)
	}
	return b.asked(led)
}

func TestAPartialGrantIsAskedAbout(t *testing.T) {
	t.Parallel()
	onEachServiceAndEngine(t, aPartialGrantIsAskedAbout)
}

func aPartialGrantIsAskedAbout(t *testing.T, s service, on func(*app.Config)) {
	w := startAt(t, s, on)
	b := w.browser()
	q := b.leftOut(unticked("ada"))
	untouched(t, w, nil)
	for _, want := range []string{inWords(s.says("Calendar.Read")), "ada@sandbox.test", "E2E"} {
		if !strings.Contains(q.body, want) {
			t.Errorf("the page lacks %q: %s", want, q.body)
		}
	}
	if strings.Contains(q.body, inWords(s.says("Mail.Read"))+"<") {
		t.Error("the page names what was granted")
	}
	noneIn(t, q.body, []string{s.accessPrefix, s.refreshPrefix})
	calls := w.calls()
	if again := b.asked(q.answer); again.rest != q.rest || again.without != q.without || w.calls() != calls { // reload
		t.Error("the page is another one after a reload, or asks the provider")
	}
	wantShown(t, w.browser().get(q.without), http.StatusBadRequest, "state.browser")
	wantShown(t, b.get(q.asked), http.StatusForbidden, "scopes.missing") // to a program
	untouched(t, w, nil)

	c := w.redeemedAccount(b.get(q.without).result(t))
	if got := w.accountOf(c); !strings.Contains(strings.Join(words(got["authScopes"]), " "), s.says("Mail.Read")) || slices.Contains(words(got["authScopes"]), s.says("Calendar.Read")) {
		t.Errorf("the account holds %v", got["authScopes"])
	}
	if a := w.as(c, http.MethodGet, s.direct()); a.status != http.StatusOK {
		t.Errorf("the mail: %d %s", a.status, a.body)
	}
	// Back, and each choice again: nothing happens twice.
	held := w.heldAccounts()
	for _, choice := range []string{q.asked, q.without, q.rest, q.cancel} {
		wantPage(t, b.get(choice, "Accept", asPage), http.StatusBadRequest, "state.used")
	}
	untouched(t, w, held)
}

// inWords is how the page tells people of a scope.
func inWords(scope string) string {
	return map[string]string{
		"Mail.Read": "Read your mail", "Calendar.Read": "See your calendar", "Contacts.Read": "See your contacts",
		"Contacts.ReadWrite": "See and change your contacts",
	}[scope]
}

// words are the strings of a JSON array.
func words(v any) (out []string) {
	list, _ := v.([]any)
	for _, one := range list {
		if s, ok := one.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func TestTheRestIsGranted(t *testing.T) {
	t.Parallel()
	onEachService(t, theRestIsGranted)
}

func theRestIsGranted(t *testing.T, s service) {
	w := startAt(t, s)
	b := w.browser()
	// The person ticks the box on the provider's page the second time.
	q := b.leftOut(unticked("ada"))
	to := b.get(q.rest)
	if at := to.location(); !strings.HasPrefix(at, w.boxURL) || !s.unprompted && !strings.Contains(at, "prompt=consent") {
		t.Fatalf("the rest is asked for at %s", at)
	}
	untouched(t, w, nil)
	c := w.redeemedAccount(b.follow(b.get(ticked(to.location()))).result(t))
	if got := w.accountOf(c); !slices.Contains(words(got["authScopes"]), s.says("Calendar.Read")) {
		t.Errorf("the account holds %v", got["authScopes"])
	}
	if n := len(w.heldAccounts()); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

// ticked is the provider's address with every box ticked by the person.
func ticked(location string) string {
	return strings.Replace(location, "%2Buntick", "", 1)
}

// saidNo is the provider's address where the person says no.
func saidNo(location string) string {
	return strings.Replace(location, "%2Bauto", "%2Bdeny", 1)
}

func TestTheRestIsAskedForOnce(t *testing.T) {
	t.Parallel()
	onEachService(t, theRestIsAskedForOnce)
}

func theRestIsAskedForOnce(t *testing.T, s service) {
	w := startAt(t, s)
	for why, change := range map[string]func(string) string{
		"left out again": func(at string) string { return at },
		"denied":         saidNo,
	} {
		b := w.browser()
		q := b.leftOut(unticked("ada"))
		second := b.follow(b.get(change(b.get(q.rest).location())))
		again := b.asked(second)
		if again.rest != "" || again.without == "" || again.cancel == "" {
			t.Errorf("%s: the second page offers rest %q, without %q", why, again.rest, again.without)
		}
		untouched(t, w, nil)
		if first := b.asked(q.answer); first.rest != "" { // back to the first page
			t.Errorf("%s: the first page offers the rest again", why)
		}
		wantPage(t, b.get(q.rest, "Accept", asPage), http.StatusBadRequest, "state.used")
		c := w.redeemedAccount(b.get(again.without).result(t))
		if a := w.as(c, http.MethodGet, s.direct()); a.status != http.StatusOK {
			t.Errorf("%s: the mail: %d %s", why, a.status, a.body)
		}
		if a := w.as(c, http.MethodDelete, "/v1/account"); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", why, a.status, a.body)
		}
	}
}

func TestAPartialGrantIsGivenUp(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		w := startAt(t, s)
		b := w.browser()
		q := b.leftOut(unticked("ada"))
		wantFailed(t, b.get(q.cancel), "access_denied")
		untouched(t, w, nil)
		wantPage(t, b.get(q.without, "Accept", asPage), http.StatusBadRequest, "state.used")
		untouched(t, w, nil)
	})
}

// An account that is there stays as it is until the choice, and is not narrowed by it.
func TestAPartialGrantOfAnAccountThatIsThere(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		w := startAt(t, s)
		wide := w.connect(url.Values{"scopes": {"Mail.Read Contacts.Read"}})
		before := w.heldAccounts()
		b := w.browser()
		renew := unticked("ada")
		renew.Set("accountId", strconv.FormatInt(wide.AccountID, 10))
		q := b.leftOut(renew)
		untouched(t, w, before)
		c := w.redeemedAccount(b.get(q.without).result(t))
		if c.AccountID != wide.AccountID {
			t.Errorf("account %d, was %d", c.AccountID, wide.AccountID)
		}
		if got := words(w.accountOf(c)["authScopes"]); !slices.Contains(got, "Contacts.Read") {
			t.Errorf("afterwards the account holds %v", got)
		}
		// The wrong person is refused at once, and not asked about boxes.
		renew.Set("loginHint", "bob+auto+untick@sandbox.test")
		wantFailed(t, b.get(b.toCallback(renew)), "account.mismatch")
	})
}

func TestHowAnApplicationTakesAPartialGrant(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		w := startAt(t, s)
		for _, c := range []struct {
			way    account.PartialGrant
			ensure string
			want   string // "asked", "success" or an error
		}{
			{"", "", "asked"},
			{account.AskPartial, "false", "asked"},
			{account.AskPartial, "true", "scopes.missing"},
			{account.AcceptPartial, "", "success"},
			{account.AcceptPartial, "false", "success"},
			{account.AcceptPartial, "true", "scopes.missing"},
			{account.RefusePartial, "", "scopes.missing"},
			{account.RefusePartial, "false", "asked"},
			{account.RefusePartial, "1", "scopes.missing"},
		} {
			w.takesPartial(c.way)
			b, changes := w.browser(), unticked("ada")
			if c.ensure != "" {
				changes.Set("ensureScopes", c.ensure)
			}
			led := b.get(b.toCallback(changes))
			switch c.want {
			case "asked":
				b.asked(led)
			case "success":
				w.redeemedAccount(b.follow(led).result(t))
			default:
				wantFailed(t, led, c.want)
			}
		}
	})
}

// Whoever lets the page lie finds it closed, and the tokens gone with the sweeper.
func TestAChoiceHasAnEnd(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser()
	q := b.leftOut(unticked("ada"))
	w.clock.advance(connect.AttemptLifetime)
	for _, choice := range []string{q.asked, q.without, q.rest, q.cancel} {
		wantPage(t, b.get(choice, "Accept", asPage), http.StatusBadRequest, "state.expired")
	}
	untouched(t, w, nil)
}

// The sweeper does not turn a choice that was never made into one that was.
func TestAChoiceThatWasSweptAway(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, on func(*app.Config)) {
		w := start(t, on)
		b := w.browser()
		q := b.leftOut(unticked("ada"))
		w.clock.advance(connect.AttemptLifetime + time.Second)
		if _, err := w.app.Store().Sweep(t.Context(), w.clock.Now()); err != nil {
			t.Fatal(err)
		}
		for _, choice := range []string{q.asked, q.without, q.rest, q.cancel} {
			wantPage(t, b.get(choice, "Accept", asPage), http.StatusBadRequest, "state.expired")
		}
	})
}

func TestTwoChoicesAtOnce(t *testing.T) {
	t.Parallel()
	onEachServiceAndEngine(t, func(t *testing.T, s service, on func(*app.Config)) {
		w := startAt(t, s, on)
		b := w.browser()
		q := b.leftOut(unticked("ada"))
		answers := make([]answer, 6)
		var both sync.WaitGroup
		for i := range answers {
			both.Go(func() { answers[i] = b.get(q.without, "Accept", asPage) })
		}
		both.Wait()
		var done int
		for _, a := range answers {
			if strings.Contains(a.location(), "status=success") {
				done++
			} else {
				wantPage(t, a, http.StatusBadRequest, "state.used")
			}
		}
		if n := len(w.heldAccounts()); done != 1 || n != 1 {
			t.Errorf("%d choices were carried out, %d accounts", done, n)
		}
	})
}

// The callback again, while the person has not chosen yet, leads to the question.
func TestTheCallbackAgainWhileTheQuestionIsOpen(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		w := startAt(t, s)
		b := w.browser()
		back := b.toCallback(unticked("ada"))
		q := b.asked(b.get(back))
		if again := b.asked(b.get(back)); again.without != q.without {
			t.Error("the callback again leads to another question")
		}
		wantShown(t, w.browser().get(back), http.StatusBadRequest, "state.browser")
		w.redeemedAccount(b.get(q.without).result(t))
		wantPage(t, b.get(back, "Accept", asPage), http.StatusBadRequest, "state.used")
	})
}

func TestTheQuestionOfNobody(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser()
	q := b.leftOut(unticked("ada"))
	for address, code := range map[string]string{
		w.url + "/v1/auth/partial":       "state.unknown",
		w.url + "/v1/auth/partial?key=x": "state.unknown",
		q.asked + "&choice=withoutx":     "parameter.invalid",
		q.without + "&choice=rest":       "parameter.repeated",
		q.asked + "&key=x":               "parameter.repeated",
		q.asked + "&choice=%zz":          "parameter.invalid",
	} {
		wantShown(t, b.get(address), http.StatusBadRequest, code)
	}
	wantShown(t, b.get(q.asked, "Host", "other.example"), http.StatusMisdirectedRequest, "host.unknown")
	for _, method := range []string{http.MethodPost, http.MethodHead} {
		if a := w.send(b.client, method, q.without, nil); a.status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, a.status)
		}
	}
	untouched(t, w, nil)
	w.redeemedAccount(b.get(q.without).result(t))
}

// Token mode, and a refresh token that comes only with a forced consent: the question
// is asked once.
func TestAPartialGrantWithoutARefreshToken(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.browser()
	w.asApplication(account.Settings{}).connect(nil) // with the same client, so that Google has given it one
	before := w.heldAccounts()
	changes := unticked("ada")
	changes.Set("responseType", "token")
	q := b.leftOut(changes)
	forced := b.get(q.without)
	if at := forced.location(); !strings.HasPrefix(at, w.boxURL) || !strings.Contains(at, "prompt=consent") {
		t.Fatalf("without a refresh token it goes on at %s", at)
	}
	for _, choice := range []string{q.asked, q.without, q.rest, q.cancel} {
		wantPage(t, b.get(choice, "Accept", asPage), http.StatusBadRequest, "state.used")
	}
	untouched(t, w, before)
	last := b.follow(forced)
	if !strings.Contains(last.location(), "#accessToken=") {
		t.Fatalf("it ends at %d %s", last.status, last.location())
	}
	if n := len(w.heldAccounts()); n != 2 {
		t.Errorf("%d accounts", n)
	}
}

// The first answer had no refresh token, and the second was a no: going on without
// must not make an account that ends with its access token.
func TestARefreshTokenIsFetchedAfterTheRestWasDenied(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.asApplication(account.Settings{}).connect(nil) // with the same client, so that Google has given it one
	b := w.browser()
	q := b.leftOut(unticked("ada"))
	second := b.asked(b.follow(b.get(saidNo(b.get(q.rest).location()))))
	c := w.redeemedAccount(b.follow(b.get(second.without)).result(t))
	w.box.Expire()
	if a := w.as(c, http.MethodGet, w.service.direct()); a.status != http.StatusOK {
		t.Errorf("once the access token has ended: %d %s", a.status, a.body)
	}
}

// The store goes away at the question: the page stays, and the choice can be made later.
func TestAStoreThatGoesAwayAtTheQuestion(t *testing.T) {
	t.Parallel()
	onEachService(t, func(t *testing.T, s service) {
		onEachOutage(t, func(t *testing.T, f frail) {
			w := startFrail(t, s, f)
			b := w.browser()
			q := b.leftOut(unticked("ada"))
			w.loseStore()
			for _, choice := range []string{q.asked, q.without, q.rest, q.cancel} {
				page := b.get(choice, "Accept", asPage)
				if page.status != http.StatusServiceUnavailable || !page.reloads() {
					t.Errorf("without a store: %d %s", page.status, page.body)
				}
			}
			w.restoreStore()
			untouched(t, w, nil)
			w.redeemedAccount(b.get(q.without).result(t))
		})
	})
}

// A refused probe and a partial grant: what ensureAccess insists on is refused before
// anybody is asked.
func TestEnsureAccess(t *testing.T) {
	t.Parallel()
	onEachServiceThat(t, service.hasMail, func(t *testing.T, s service) {
		w := startAt(t, s)
		w.connect(nil)
		before := w.heldAccounts()
		insist := func(person, scopes string) answer {
			b := w.browser()
			return b.follow(b.authorize(url.Values{"scopes": {scopes}, "ensureAccess": {"true"}, "loginHint": {person}}))
		}
		refused := wantFailed(t, insist("ada+auto+nomail@sandbox.test", "Mail.Read Calendar.Read"), "access.refused")
		if d := refused.Get("details"); !strings.Contains(d, "Refused: Email") {
			t.Errorf("the details: %s", d)
		}
		calls := w.calls().API
		missing := wantFailed(t, insist("ada+auto+untick@sandbox.test", "Mail.Read Calendar.Read"), "access.refused")
		if d := missing.Get("details"); !strings.Contains(d, "Refused: Calendar.") || w.calls().API != calls {
			t.Errorf("a missing area: %s, %d calls", d, w.calls().API-calls)
		}
		w.faults(sandbox.Fault{Endpoint: "api", Kind: "status", Status: http.StatusServiceUnavailable})
		wantFailed(t, insist(ada, "Mail.Read"), "provider.unavailable")
		w.faults()
		untouched(t, w, before)

		calls = w.calls().API
		w.redeemedAccount(insist(ada, "Mail.Read Calendar.Read Contacts.Read Tasks.Read").result(t))
		if got := w.calls().API - calls; got != 4 {
			t.Errorf("%d calls for four areas", got)
		}
		// Nobody insists: nothing is asked.
		calls = w.calls().API
		w.connect(url.Values{"loginHint": {"bob+auto+nomail@sandbox.test"}})
		if got := w.calls().API - calls; got != 0 {
			t.Errorf("%d calls without ensureAccess", got)
		}
	})
}
