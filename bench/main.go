package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// connections are how many workers a load has, where it is not one alone.
const connections = 16

// The rounds of flows are short and many, since the disk's mood changes from one
// second to the next.
var (
	callRounds = plan{rounds: 5, length: 3 * time.Second}
	flowRounds = plan{rounds: 15, length: time.Second}
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if role := os.Getenv(roleVariable); role != "" {
		fatal(serveRole(ctx, role))
		return
	}
	var o options
	for part, what := range map[string]string{
		partCalls: "calls with a bearer, the start and the memory", partFlow: "the code flow",
		partRefresh: "refreshes, many callers and in the background", partSize: "a million accounts", partImport: "avain import",
	} {
		flag.BoolFunc(part, "measure "+what+" alone", func(string) error { o.only = part; return nil })
	}
	for _, name := range []string{nameSQLite, namePostgres} {
		flag.BoolFunc(strings.ToLower(name), "measure on "+name+" alone", func(string) error { o.engine = name; return nil })
	}
	flag.StringVar(&o.profiles, "profile", "", "write CPU profiles of the server to this folder, while it serves code flows and renews; measures them alone")
	flag.Parse()
	ok, err := measure(ctx, o)
	fatal(err)
	if !ok {
		os.Exit(1)
	}
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	only     string // one of the parts; empty for all
	engine   string // name of the only one; empty for all
	profiles string // folder; empty for none
}

// The parts of the bench.
const (
	partCalls   = "calls"
	partFlow    = "flow"
	partRefresh = "refresh"
	partSize    = "size"
	partImport  = "import"
)

// measures tells whether a part is wanted.
func (o options) measures(part string) bool { return o.only == "" || o.only == part }

// measure runs everything on every engine and prints a table each. ok is false
// where a bound is missed.
func measure(ctx context.Context, o options) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "avain-bench-")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary := filepath.Join(dir, "avain")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "./cmd/avain")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return false, fmt.Errorf("build avain: %w\n%s", err, out)
	}
	all := slices.DeleteFunc(engines(dir), func(e engine) bool { return o.engine != "" && o.engine != e.name })
	for _, e := range all {
		if err := e.check(ctx); err != nil {
			return false, fmt.Errorf("on %s: %w", e.name, err)
		}
	}
	ok = true
	for _, e := range all {
		kept, err := measureOn(ctx, e, binary, o)
		if err != nil {
			return false, fmt.Errorf("on %s: %w", e.name, err)
		}
		ok = ok && kept
	}
	return ok, nil
}

// measureOn measures on one engine. The code flow has a server of its own, whose
// profile then shows nothing else.
func measureOn(ctx context.Context, e engine, binary string, o options) (ok bool, err error) {
	defer func() { err = errors.Join(err, e.drop(context.WithoutCancel(ctx))) }()
	fmt.Printf("\n%s\n", e.name)
	w, err := newWorld(ctx, e)
	if err != nil {
		return false, err
	}
	defer w.stop()
	ok = true
	if o.measures(partCalls) && o.profiles == "" {
		if ok, err = measureCalls(ctx, w, binary); err != nil {
			return false, err
		}
	}
	if o.measures(partRefresh) {
		t := newTable()
		if err := measureRefresh(ctx, w, binary, o.profiles, t); err != nil {
			return false, err
		}
		ok = t.print(os.Stdout) && ok
	}
	if o.measures(partSize) && o.profiles == "" {
		t := newTable()
		if err := measureSize(ctx, w, binary, t); err != nil {
			return false, err
		}
		ok = t.print(os.Stdout) && ok
	}
	if o.measures(partImport) && o.profiles == "" {
		t := newTable()
		if err := measureImport(ctx, w, binary, t); err != nil {
			return false, err
		}
		ok = t.print(os.Stdout) && ok
	}
	if !o.measures(partFlow) {
		return ok, nil
	}
	return ok, measureFlow(ctx, w, binary, o.profiles)
}

// directPath is what is asked for by the pass-through.
const directPath = "gmail/v1/users/me/messages?maxResults=5"

// measureCalls measures what an application asks for all day, and the process.
func measureCalls(ctx context.Context, w *world, binary string) (ok bool, err error) {
	var starts []time.Duration
	var server process
	for range 5 {
		server.stop() // the one before
		var took time.Duration
		if server, took, err = startServer(ctx, binary, w.serving()); err != nil {
			return false, err
		}
		starts = append(starts, took)
	}
	defer server.stop()
	slices.Sort(starts)
	memory, err := residentMiB(server.cmd.Process.Pid)
	if err != nil {
		return false, err
	}
	accountRate, err := compareAccount(ctx, server.url, w.token)
	if err != nil {
		return false, err
	}
	directRate, err := compareDirect(ctx, server.url, w.upstream.url, w.token)
	if err != nil {
		return false, err
	}
	return report(os.Stdout, w.engine, accountRate, directRate, starts[len(starts)/2], memory), nil
}

// compareAccount measures GET /v1/account against a handler that only writes the
// same bytes.
func compareAccount(ctx context.Context, avain, token string) (comparison, error) {
	avain += "/v1/account"
	body, err := fetch(ctx, avain, token)
	if err != nil {
		return comparison{}, err
	}
	bare, err := startRole(ctx, "bare", body)
	if err != nil {
		return comparison{}, err
	}
	defer bare.stop()
	return compare(ctx, get(avain, token), get(bare.url+"/v1/account", token))
}

// compareDirect measures the pass-through against the standard library's reverse
// proxy.
func compareDirect(ctx context.Context, avain, upstream, token string) (comparison, error) {
	proxy, err := startRole(ctx, "proxy", []byte(upstream))
	if err != nil {
		return comparison{}, err
	}
	defer proxy.stop()
	return compare(ctx, get(avain+"/v1/direct/"+directPath, token), get(proxy.url+"/"+directPath, token))
}
