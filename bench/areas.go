package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

const ours = "github.com/avain-project/avain/"

// changing are the functions below which all is a durable change, as in the bare
// store.
var changing = []string{ours + "internal/store/sqlite.startWriter", ours + "internal/store/postgres.(*Engine).Write"}

// areas tell what a stack was about otherwise: the innermost function that belongs
// to one decides. Functions are named by their beginning, as pprof writes them.
var areas = []struct {
	name      string
	functions []string
}{
	{"garbage collection", []string{"runtime.gcBgMarkWorker", "runtime.gcAssistAlloc", "runtime.bgsweep", "runtime.bgscavenge", "runtime.gcStart"}},
	{"reads of the database", []string{"modernc.org/", "github.com/jackc/", "database/sql", ours + "internal/store"}},
	{"keys, sealing, hashes, random values", []string{"crypto/", "github.com/tink-crypto/", "google.golang.org/protobuf", ours + "internal/seal"}},
	{"JSON", []string{"encoding/json"}},
	{"log and metrics", []string{"log/", "github.com/prometheus/"}},
	{"HTTP to the provider", []string{"net/http.(*persistConn)", "net/http.(*Transport)", "net/http.(*Client)", "golang.org/x/oauth2", ours + "internal/outbound"}},
	{"HTTP from browser and application", []string{"net/http.(*conn)", "net/http.(*response)", "net/http.(*Server)", "net/http.(*connReader)"}},
	{"Avain's own code", []string{ours}},
}

// reportAreas prints where a server's profile says that its time went, for each time that it did
// what.
func reportAreas(ctx context.Context, out io.Writer, profile, what string, times int) error {
	traces, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-traces", "-unit=ns", profile).Output()
	if err != nil {
		return fmt.Errorf("go tool pprof: %w", err)
	}
	spent := map[string]time.Duration{}
	var total time.Duration
	for took, stack := range stacks(traces) {
		spent[areaOf(stack)] += took
		total += took
	}
	_, _ = fmt.Fprintf(out, "processor time of Avain, a %s of %d, from %s\n", what, times, profile)
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	names := make([]string, 0, len(spent))
	for name := range spent {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(spent[b], spent[a]) })
	for _, name := range names {
		_, _ = fmt.Fprintf(w, "  %s\t%.2f ms\t%2.0f %%\n", name, milliseconds(spent[name])/float64(times), 100*float64(spent[name])/float64(total))
	}
	return w.Flush()
}

// stacks reads `pprof -traces`: blocks between dashed lines, each with a time in
// front of the innermost function and its callers below.
func stacks(traces []byte) func(yield func(time.Duration, []string) bool) {
	return func(yield func(time.Duration, []string) bool) {
		var took time.Duration
		var stack []string
		for lines := bufio.NewScanner(bytes.NewReader(traces)); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			switch {
			case strings.HasPrefix(lines.Text(), "-----"):
				if len(stack) > 0 && !yield(took, stack) {
					return
				}
				took, stack = 0, nil
			case len(fields) == 0:
			case len(stack) == 0 && len(fields) > 1:
				if parsed, err := time.ParseDuration(fields[0]); err == nil {
					took, stack = parsed, append(stack, fields[1])
				}
			case len(stack) > 0:
				stack = append(stack, fields[0])
			}
		}
		if len(stack) > 0 {
			yield(took, stack)
		}
	}
}

func areaOf(stack []string) string {
	named := func(beginnings []string) func(function string) bool {
		return func(function string) bool {
			return slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(function, b) })
		}
	}
	if slices.ContainsFunc(stack, named(changing)) {
		return "changes of the database"
	}
	for _, function := range stack {
		for _, area := range areas {
			if named(area.functions)(function) {
				return area.name
			}
		}
	}
	return "scheduler, timers, network poll"
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
