package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// serving is what a server is told.
type serving struct{ folder, database, listen string }

// startServer starts the built binary and takes the time until it is ready.
func startServer(ctx context.Context, binary string, s serving) (process, time.Duration, error) {
	cmd := exec.CommandContext(ctx, binary, "serve", "--data-dir", s.folder, "--database", s.database, "--listen", s.listen,
		"--limit-application", "0", "--limit-address", "0")
	// The log goes where a service's does, to be paid for.
	log, err := os.Create(filepath.Join(s.folder, "serve.log"))
	if err != nil {
		return process{}, 0, err
	}
	defer func() { _ = log.Close() }()
	cmd.Stdout, cmd.Stderr = log, log
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return process{}, 0, err
	}
	p := process{url: "http://" + s.listen, cmd: cmd}
	took, err := p.ready(ctx, begun)
	if err != nil {
		said, _ := os.ReadFile(log.Name())
		return process{}, 0, fmt.Errorf("%w\n%s", err, said)
	}
	return p, took, nil
}

// ready waits until Avain answers, and stops it where that takes too long.
func (p process) ready(ctx context.Context, begun time.Time) (time.Duration, error) {
	for time.Since(begun) < 10*time.Second {
		if _, err := fetch(ctx, p.url+"/readyz", ""); err == nil {
			return time.Since(begun), nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	p.stop()
	return 0, errors.New("avain serve did not become ready")
}

// freeAddress is a port that nobody listens on, for a server that must be known by
// its address before it starts.
func freeAddress() (string, error) {
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return probe.Addr().String(), probe.Close()
}

func fetch(ctx context.Context, address, token string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %d: %s", address, res.StatusCode, body)
	}
	return body, err
}

// residentMiB reads the resident set of a process from /proc.
func residentMiB(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("resident memory is read from /proc, which Linux has: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.Fields(kib)[0])
			return float64(n) / 1024, err
		}
	}
	return 0, errors.New("no VmRSS in /proc")
}
