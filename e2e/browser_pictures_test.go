package e2e_test

import (
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

const (
	// picturesVar names a directory for pictures of the journeys' pages, so that
	// the documentation shows what the tests have seen:
	//
	//	AVAIN_SCREENSHOTS=$PWD/docs/img go test ./e2e -run '^TestBrowser$' -count=1
	picturesVar = "AVAIN_SCREENSHOTS"
	// proofsVar names a directory for pictures that people look at and nobody
	// keeps: every page at full length, on a desk and on a phone, light and dark.
	proofsVar = "AVAIN_SCREENSHOT_PROOFS"
)

// picture keeps what the tab shows as name.png, 1200×800 and light, and proofs of it.
func (v *visitor) picture(name string) {
	v.t.Helper()
	if dir := os.Getenv(picturesVar); dir != "" {
		v.look(1200, 800, "light", false)
		v.save(dir, name, run(v, "take a picture", chromedp.CaptureScreenshot()))
	}
	v.proof(name)
}

// proof has the page judged on a desk and on a phone, in light and in dark, and
// keeps what it looks like there where people want to see it.
func (v *visitor) proof(name string) {
	v.t.Helper()
	dir := os.Getenv(proofsVar)
	for _, scheme := range []string{"light", "dark"} {
		for _, phone := range []bool{false, true} {
			suffix := "-" + scheme
			if phone {
				suffix = "-phone-" + scheme
				v.look(390, 844, scheme, true)
			} else {
				v.look(1200, 800, scheme, false)
			}
			v.judge(name + suffix)
			if dir != "" {
				v.save(dir, name+suffix, run(v, "take a proof", chromedp.FullScreenshot(100)))
			}
		}
	}
	v.look(1200, 800, "light", false)
}

// violation is what axe-core finds, as far as it is told.
type violation struct {
	ID, Help string
	Nodes    []struct {
		Target         []any // selectors; lists of them inside of shadow trees
		FailureSummary string
	}
}

// judge runs axe-core over the page with every rule it has switched on. It is
// evaluated by the debugger, which no Content-Security-Policy of a page holds up.
func (v *visitor) judge(name string) {
	v.t.Helper()
	if !run(v, "look for axe-core", chromedp.Evaluate[bool]("typeof axe === 'object'")) {
		v.do("load axe-core", chromedp.Evaluate[chromedp.Void](v.axe))
	}
	found := run(v, "run axe-core", chromedp.Evaluate[struct {
		Violations []violation
		Passed     int
	}](`axe.run().then(({violations, passes}) => ({violations, passed: passes.length}))`, chromedp.EvalAwaitPromise))
	if found.Passed == 0 {
		v.t.Errorf("%s: axe-core passed nothing, so it has looked at nothing", name)
	}
	for _, violation := range found.Violations {
		for _, node := range violation.Nodes {
			v.t.Errorf("%s: axe-core: %s (%s) at %v: %s", name, violation.ID, violation.Help, node.Target, node.FailureSummary)
		}
	}
}

func (v *visitor) look(width, height int64, scheme string, phone bool) {
	v.t.Helper()
	var options []chromedp.EmulateViewportOption
	if phone {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	v.do("set the viewport", chromedp.EmulateViewport(width, height, options...))
	_, err := chromedp.Call(v.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		v.t.Fatalf("set the colour scheme: %v", err)
	}
	// The page has been laid out and drawn anew once the second frame is due.
	v.do("wait for the page to be drawn", chromedp.Evaluate[chromedp.Void](
		"new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))", chromedp.EvalAwaitPromise))
}

func (v *visitor) save(dir, name string, png []byte) {
	v.t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		v.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		v.t.Fatal(err)
	}
}
