package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

const (
	rounds      = 5
	roundTime   = 3 * time.Second
	connections = 16
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if role := os.Getenv(roleVariable); role != "" {
		fatal(serveRole(ctx, role))
		return
	}
	ok, err := measure(ctx)
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

// measure runs everything and prints the table. ok is false where a bound is
// missed.
func measure(ctx context.Context) (ok bool, err error) {
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
	upstream, err := startRole(ctx, "upstream", nil)
	if err != nil {
		return false, err
	}
	defer upstream.stop()
	subject, err := prepare(ctx, filepath.Join(dir, "data"), upstream.url)
	if err != nil {
		return false, err
	}
	server, startTime, err := startServer(ctx, binary, subject)
	if err != nil {
		return false, err
	}
	defer server.stop()
	memory, err := residentMiB(server.cmd.Process.Pid)
	if err != nil {
		return false, err
	}
	accountRate, err := compareAccount(ctx, server.url, subject)
	if err != nil {
		return false, err
	}
	directRate, err := compareDirect(ctx, server.url, upstream.url, subject)
	if err != nil {
		return false, err
	}
	return report(os.Stdout, accountRate, directRate, startTime, memory), nil
}

// compareAccount measures GET /v1/account against a handler that only writes the
// same bytes.
func compareAccount(ctx context.Context, avain string, s subject) (comparison, error) {
	avain += "/v1/account"
	body, err := fetch(ctx, avain, s.token)
	if err != nil {
		return comparison{}, err
	}
	bare, err := startRole(ctx, "bare", body)
	if err != nil {
		return comparison{}, err
	}
	defer bare.stop()
	return compare(ctx, load{avain, s.token}, load{bare.url + "/v1/account", s.token})
}

// compareDirect measures the pass-through against the standard library's reverse
// proxy.
func compareDirect(ctx context.Context, avain, upstream string, s subject) (comparison, error) {
	proxy, err := startRole(ctx, "proxy", []byte(upstream))
	if err != nil {
		return comparison{}, err
	}
	defer proxy.stop()
	const path = "gmail/v1/users/me/messages?maxResults=5"
	return compare(ctx, load{avain + "/v1/direct/" + path, s.token}, load{proxy.url + "/" + path, s.token})
}
