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

// proof is picture for a page that no documentation shows.
func (v *visitor) proof(name string) {
	v.t.Helper()
	dir := os.Getenv(proofsVar)
	if dir == "" {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		v.look(1200, 800, scheme, false)
		v.save(dir, name+"-"+scheme, run(v, "take a proof", chromedp.FullScreenshot(100)))
		v.look(390, 844, scheme, true)
		v.save(dir, name+"-phone-"+scheme, run(v, "take a proof", chromedp.FullScreenshot(100)))
	}
	v.look(1200, 800, "light", false)
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
