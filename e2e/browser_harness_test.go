package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/avain-project/avain/internal/demo"
	"github.com/avain-project/avain/internal/testenv"
)

// patience bounds one step of a visitor, so that a journey fails and says where
// instead of hanging. No test waits this long when all is well.
const patience = 30 * time.Second

// chromium is a browser process, and the judge of what it shows.
type chromium struct {
	ctx context.Context //nolint:containedctx // that is how chromedp holds a browser
	axe string          // axe-core's source
}

// startChromium starts one Chromium with an empty profile. Visitors share the
// process and nothing else: each has a browser context of its own.
func startChromium(t *testing.T) chromium {
	t.Helper()
	return startBrowser(t, testenv.Chromium(t))
}

func startBrowser(t *testing.T, path string) chromium {
	t.Helper()
	axe := testenv.Axe(t)
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1200, 800),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		// Nothing of Chromium's own may look for a network.
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("force-color-profile", "srgb"),
		// Going back asks the server again, as after a while in real life, and does not thaw the page that was left.
		chromedp.Flag("disable-features", "BackForwardCache"),
		// A tab in the background must draw as one in front does.
		chromedp.Flag("disable-renderer-backgrounding", true), chromedp.Flag("disable-backgrounding-occluded-windows", true),
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), flags...)
	t.Cleanup(stop) // waits for the process; the profile is removed after that
	ctx, _ := chromedp.NewContext(allocator)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx) })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return chromium{ctx, axe}
}

// visitor is a person at a browser: cookies of their own, one tab, and a watch
// over all that the browser complains about.
type visitor struct {
	t    *testing.T
	demo demo.Ready
	ctx  context.Context
	axe  string

	mu         sync.Mutex
	complaints []string
	forgiven   []string
	opened     []*network.EventRequestWillBeSent
	failed     []*network.EventLoadingFailed
}

// newVisitor opens a tab. At the end of the test every complaint of the browser
// that was not forgiven fails it.
func newVisitor(t *testing.T, browser chromium, ready demo.Ready) *visitor {
	t.Helper()
	v := &visitor{t: t, demo: ready, axe: browser.axe}
	ctx, closeTab := chromedp.NewContext(browser.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(v.watch))
	v.ctx = ctx
	t.Cleanup(func() {
		// An answer means that the browser has told everything it had to tell before.
		_, _ = chromedp.Run(ctx, chromedp.Evaluate[bool]("true"))
		closeTab()
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, complaint := range v.complaints {
			if !slices.ContainsFunc(v.forgiven, func(part string) bool { return strings.Contains(complaint, part) }) {
				t.Errorf("the browser complains: %s", complaint)
			}
		}
	})
	v.do("open a tab", chromedp.EmulateViewport(1200, 800))
	return v
}

// watch runs inside chromedp's reading loop and only notes what happens.
func (v *visitor) watch(event any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded: // CSP, CORS, failed loads, deprecations
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			v.complaints = append(v.complaints, fmt.Sprintf("%s %s: %s (%s)", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventConsoleAPICalled:
		v.complaints = append(v.complaints, fmt.Sprintf("console.%s: %v", e.Type, e.Args))
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			text += " " + thrown.Description
		}
		v.complaints = append(v.complaints, "exception: "+text)
	case *network.EventRequestWillBeSent:
		v.opened = append(v.opened, e)
	case *network.EventLoadingFailed:
		v.failed = append(v.failed, e)
	}
}

// forgive names a part of a complaint that belongs to the journey.
func (v *visitor) forgive(part string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.forgiven = append(v.forgiven, part)
}

// addresses lists what the tab has asked for since it was opened, oldest first,
// redirects included, where the address begins with the prefix.
func (v *visitor) addresses(prefix string) (found []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, request := range v.opened {
		if strings.HasPrefix(request.Request.URL, prefix) {
			found = append(found, request.Request.URL)
		}
	}
	return found
}

// do takes one step. What the page shows goes into the failure.
func (v *visitor) do(step string, action chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	run(v, step, action)
}

// run is do for an action that returns something.
func run[T any](v *visitor, step string, action chromedp.Action[T]) T {
	v.t.Helper()
	// The tab lives as long as the context of its first action, so the bound is
	// laid on the actions, not on the tab.
	result, err := chromedp.Run(v.ctx, func(ctx context.Context, t *chromedp.Target) (T, error) {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		return action(ctx, t)
	})
	if err != nil {
		shown, _ := chromedp.Run(v.ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
		v.t.Fatalf("%s: %v\nthe page shows: %s", step, err, shown)
	}
	return result
}

func (v *visitor) open(address string) {
	v.t.Helper()
	v.do("open "+address, chromedp.Navigate(address))
}

// sees waits until something is visible.
func (v *visitor) sees(selector string) {
	v.t.Helper()
	v.do("wait for "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// clicks presses what is there and enabled, as soon as it is.
func (v *visitor) clicks(selector string) {
	v.t.Helper()
	v.do("click "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// reads waits for something and returns its visible text.
func (v *visitor) reads(selector string) string {
	v.t.Helper()
	return strings.TrimSpace(run(v, "read "+selector, chromedp.Text(chromedp.CSS(selector), chromedp.NodeVisible)))
}

// counts tells how many there are right now.
func (v *visitor) counts(selector string) int {
	v.t.Helper()
	return run(v, "count "+selector, chromedp.Evaluate[int](fmt.Sprintf("document.querySelectorAll(%q).length", selector)))
}

// address is what the address bar shows.
func (v *visitor) address() string {
	v.t.Helper()
	return run(v, "read the address", chromedp.Evaluate[string]("location.href"))
}

// consents is what a person does on the sandbox's page: choose who they are,
// clear some boxes, allow.
func (v *visitor) consents(persona string, cleared ...string) {
	v.t.Helper()
	v.sees("#allow")
	v.clicks(`input[name=persona][value=` + persona + `]`)
	for _, scope := range cleared {
		v.clicks(`input[name=scope][value$="` + scope + `"]`)
	}
	v.clicks("#allow")
}

// calls are the sandbox's counts of Google's endpoints so far.
func (v *visitor) calls() map[string]int {
	v.t.Helper()
	res, err := http.Get(v.demo.SandboxURL + "/_control/stats")
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var stats map[string]map[string]int
	if err := json.NewDecoder(res.Body).Decode(&stats); err != nil {
		v.t.Fatalf("read the sandbox's counts: %v", err)
	}
	return stats["Google"]
}
