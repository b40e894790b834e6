package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// The bounds of the product.
const (
	minAccountRate = 0.4
	minDirectRate  = 0.7
	maxDirectTail  = 2.0
	maxStart       = 200 * time.Millisecond // on SQLite: a server has its own say
	maxIdleMiB     = 40.0
)

// table is what was measured, a line each.
type table struct {
	lines []string
	ok    bool // every bound is kept
}

func newTable() *table { return &table{ok: true} }

// line adds a measure with a bound.
func (t *table) line(what, measured, bound string, kept bool) {
	verdict := "kept"
	if !kept {
		verdict, t.ok = "MISSED", false
	}
	t.lines = append(t.lines, what+"\t"+measured+"\t"+bound+"\t"+verdict)
}

// tell adds one without.
func (t *table) tell(what, measured string) {
	t.lines = append(t.lines, what+"\t"+measured+"\tnone\t")
}

// print prints it and tells whether every bound is kept.
func (t *table) print(out io.Writer) bool {
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "measure\tmeasured\tbound\t")
	for _, line := range t.lines {
		_, _ = fmt.Fprintln(w, line)
	}
	_ = w.Flush()
	return t.ok
}

// report prints the calls and the process.
func report(out io.Writer, e engine, account, direct comparison, start time.Duration, idleMiB float64) bool {
	t := newTable()
	t.line("GET /v1/account, requests/s against a bare handler",
		fmt.Sprintf("%.2fx (%.0f / %.0f)", account.rate(), account.subject.perSecond, account.yardstick.perSecond),
		fmt.Sprintf(">= %.1fx", minAccountRate), account.rate() >= minAccountRate)
	t.line("/v1/direct, requests/s against a bare reverse proxy",
		fmt.Sprintf("%.2fx (%.0f / %.0f)", direct.rate(), direct.subject.perSecond, direct.yardstick.perSecond),
		fmt.Sprintf(">= %.1fx", minDirectRate), direct.rate() >= minDirectRate)
	t.line("/v1/direct, p99 against a bare reverse proxy",
		fmt.Sprintf("%.2fx (%s / %s)", direct.tail(), direct.subject.p99.Round(10*time.Microsecond), direct.yardstick.p99.Round(10*time.Microsecond)),
		fmt.Sprintf("<= %.1fx", maxDirectTail), direct.tail() <= maxDirectTail)
	if e.server == "" {
		t.line("start on a migrated database", start.Round(time.Millisecond).String(), "<= "+maxStart.String(), start <= maxStart)
	} else {
		t.tell("start on a migrated database", start.Round(time.Millisecond).String())
	}
	t.line("resident memory, idle", fmt.Sprintf("%.1f MiB", idleMiB), fmt.Sprintf("<= %.0f MiB", maxIdleMiB), idleMiB <= maxIdleMiB)
	return t.print(out)
}

// reportFlow prints what a code flow took, what its parts take bare, and who was
// busy meanwhile.
func reportFlow(out io.Writer, seen observed, c flowCost) {
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	defer func() { _ = w.Flush() }()
	statements := 0
	for _, change := range seen.writes {
		statements += len(change)
	}
	line := func(what string, perSecond float64) {
		_, _ = fmt.Fprintf(w, "  %s\t%.2f ms\t%.0f /s\n", what, 1000*float64(c.workers)/perSecond, perSecond)
	}
	_, _ = fmt.Fprintf(w, "code flows, %d at once: %.2fx the rate of the parts\n", c.workers, c.rate())
	_, _ = fmt.Fprintf(w, "  %d hops (%s)\n", len(seen.hops), seen.ways())
	_, _ = fmt.Fprintf(w, "  %d changes of %d statements; %d reads, left out of the parts\n", len(seen.writes), statements, len(seen.reads))
	line("the flow", c.flow.median().perSecond)
	line("its parts, one after another", parts(c.hops.median(), c.changes.median()))
	line("the hops, to a bare handler", c.hops.median().perSecond)
	line("the changes, on a bare store", c.changes.median().perSecond)
	_ = w.Flush()
	_, _ = fmt.Fprintln(w, "  processor time, ms a flow\tflow\tbare hops\tbare changes")
	for i, name := range c.names {
		_, _ = fmt.Fprintf(w, "  %s", name)
		for _, s := range []*side{c.flow, c.hops, c.changes} {
			_, _ = fmt.Fprintf(w, "\t%.2f", milliseconds(s.used[i])/float64(s.done))
		}
		_, _ = fmt.Fprintln(w)
	}
}
