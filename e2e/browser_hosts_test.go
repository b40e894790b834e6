package e2e_test

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/demo"
	"github.com/avain-project/avain/internal/testenv"
)

// TestBrowserHosts runs both flows at every provider in Chromium, with three
// hosts and more: 127.0.0.1 is the server, localhost the provider, 127.0.0.2 the
// application.
func TestBrowserHosts(t *testing.T) {
	t.Parallel()
	browser := startChromium(t)
	for name, journey := range map[string]func(*visitor, *site){
		"allow":                                    allowed,
		"deny":                                     denied,
		"allow, then onward":                       allowedOnward,
		"deny, then onward":                        deniedOnward,
		"allow, over the relay":                    relayedConsent,
		"deny, over the relay":                     relayedDenial,
		"allow, at an alias":                       atAlias(allowedThere),
		"deny, at an alias":                        atAlias(deniedThere),
		"untick, then grant the rest":              untickedThenTheRest,
		"untick, then continue without":            untickedThenWithout,
		"untick twice, then cancel":                untickedTwice,
		"untick, then grant the rest, at an alias": atAlias(untickedThenTheRest),
		"an administrator must approve":            needsAnAdmin,
	} {
		for _, service := range []string{"Google", "Office365"} {
			for _, flow := range []string{"code", "token"} {
				runAtSite(t, browser, name, service, flow, journey)
			}
		}
	}
	for name, journey := range map[string]func(*visitor, *site){
		"over the relay":                   walkOverTheRelay,
		"at an alias":                      atAlias(walkThere),
		"at the question":                  walkAroundTheQuestion,
		"where an administrator must help": walkAroundTheAdminPage,
	} {
		runAtSite(t, browser, "back and reload "+name, "Google", "code", journey)
		runAtSite(t, browser, "back and reload "+name, "Office365", "token", journey)
	}
	runAtSite(t, browser, "an administrator approves", "Office365", "code", anAdminApproves)
	runAtSite(t, browser, "an administrator approves at an alias", "Office365", "token", atAlias(anAdminApproves))
	runAtSite(t, browser, "an administrator must install the application", "Salesforce", "code", needsAnInstallation)
	for name, journey := range relayPageJourneys() {
		runAtSite(t, browser, "relay page "+name, "Google", "code", func(v *visitor, s *site) {
			s.overRelay()
			journey(v, s)
		})
	}
}

// TestBrowserWindows is for what a whole browser lays between its engine and the pages: both flows, a consent that is
// not whole, and a password that it may want to keep. Every other journey takes the engine alone, where it is to be had.
func TestBrowserWindows(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t, testenv.WholeChromium(t))
	for _, flow := range []string{"code", "token"} {
		runAtSite(t, browser, "allow", "Google", flow, allowed)
		runAtSite(t, browser, "deny, then onward", "Google", flow, deniedOnward)
	}
	runAtSite(t, browser, "untick, then grant the rest, at an alias", "Office365", "code", atAlias(untickedThenTheRest))
	t.Run("SugarCRM, chosen, by password", func(t *testing.T) {
		t.Parallel()
		sugarByPassword(newVisitor(t, browser, startDemo(t, onThreeHosts(t))))
	})
}

func runAtSite(t *testing.T, browser chromium, name, service, flow string, journey func(*visitor, *site)) {
	t.Run(service+" "+flow+" "+name, func(t *testing.T) {
		t.Parallel()
		journey(newVisitor(t, browser, demo.Ready{}), startSite(t, service, flow))
	})
}

func allowed(v *visitor, s *site) {
	s.begin(v)
	v.consents("ada")
	held := s.connected(v, s.answered(v), "ada@sandbox.test")
	if d := cmp.Diff([]string{"Calendar.Read", "Mail.Read"}, held.AuthScopes); d != "" {
		v.t.Errorf("granted (-want +got):\n%s", d)
	}
}

func denied(v *visitor, s *site) {
	s.begin(v)
	v.clicks("#deny")
	s.failed(v, "access_denied")
}

// allowedOnward: the application's return URL redirects once more, to another
// host. A redirect whose Location has no fragment keeps the one it has (Fetch,
// "HTTP-redirect fetch"), so that the token goes along to the other host.
func allowedOnward(v *visitor, s *site) {
	s.onwards()
	s.begin(v)
	v.consents("ada")
	s.connected(v, s.answered(v), "ada@sandbox.test")
	u, err := url.Parse(v.address())
	if err != nil {
		v.t.Fatal(err)
	}
	if s.flow == "token" && (u.RawQuery != "" || u.Fragment == "") {
		v.t.Errorf("the token did not stay behind the #: %s", u)
	}
}

func deniedOnward(v *visitor, s *site) {
	s.onwards()
	s.begin(v)
	v.clicks("#deny")
	s.failed(v, "access_denied")
}
