package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
)

// subject is a data directory with one connected account.
type subject struct {
	dir   string
	token string // the account's bearer
}

// prepare connects an account by the sandbox, then turns its data calls to the
// upstream of the measurement.
func prepare(ctx context.Context, dir, upstream string) (subject, error) {
	ring, err := seal.NewRing()
	if err != nil {
		return subject{}, err
	}
	key, err := ring.Encode()
	if err != nil {
		return subject{}, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return subject{}, err
	}
	if err := os.WriteFile(filepath.Join(dir, "avain.key"), []byte(key.Reveal()), 0o600); err != nil {
		return subject{}, err
	}
	avain, err := app.Open(ctx, app.Config{DataDir: dir, Key: key, Listen: "127.0.0.1:0"})
	if err != nil {
		return subject{}, err
	}
	defer func() { _ = avain.Close() }()
	server, err := avain.Listen(ctx)
	if err != nil {
		return subject{}, err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(running) }()
	token, err := connect(ctx, avain.Operator(), server.URL, upstream)
	stop()
	return subject{dir: dir, token: token}, errors.Join(err, <-ended)
}

func connect(ctx context.Context, ops *operator.Service, avain, upstream string) (string, error) {
	box := sandbox.New(sandbox.Config{})
	vendor := httptest.NewServer(box)
	defer vendor.Close()
	const returnURL = "https://bench.example/connected"
	created, clientSecret, err := ops.CreateApplication(ctx, operator.CreateApplication{Name: "Bench", ReturnURLs: []string{returnURL}})
	if err != nil {
		return "", err
	}
	client := sandbox.Client{ID: "bench", Secret: "bench-secret", Name: "Bench", RedirectURIs: []string{avain + "/v1/auth/callback"}}
	if err := box.Register("Google", client); err != nil {
		return "", err
	}
	e := box.GoogleEndpoints(vendor.URL)
	_, _, err = ops.SetRegistration(ctx, created.ClientID, operator.SetRegistration{
		ServiceType: "Google", ClientID: client.ID, Secrets: []secret.Text{secret.New(client.Secret)},
		Endpoints: &account.Endpoints{Authorize: e.Authorize, Token: e.Token, Revoke: e.Revoke, Userinfo: e.Userinfo, API: upstream},
	})
	if err != nil {
		return "", err
	}
	code, err := signIn(ctx, avain, created.ClientID, returnURL)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, avain+"/v1/auth/token/"+code, nil)
	if err != nil {
		return "", err
	}
	req.SetBasicAuth(created.ClientID, clientSecret.Reveal())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	var redeemed struct{ AccessToken string }
	err = json.NewDecoder(res.Body).Decode(&redeemed)
	return redeemed.AccessToken, err
}

// signIn walks the redirects until they leave for the application.
func signIn(ctx context.Context, avain, clientID, returnURL string) (code string, err error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	next := avain + "/v1/auth/authorize?" + url.Values{
		"clientId": {clientID}, "serviceType": {"Google"}, "scopes": {"Mail.Read"}, "returnUrl": {returnURL},
		"loginHint": {"ada+auto@sandbox.test"},
	}.Encode()
	for !strings.HasPrefix(next, returnURL) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, next, nil)
		if err != nil {
			return "", err
		}
		res, err := browser.Do(req)
		if err != nil {
			return "", err
		}
		_ = res.Body.Close()
		if next = res.Header.Get("Location"); next == "" {
			return "", fmt.Errorf("the sign-in stopped with status %d", res.StatusCode)
		}
	}
	u, err := url.Parse(next)
	if err != nil {
		return "", err
	}
	return u.Query().Get("code"), nil
}

// startServer starts the built binary and takes the time until it is ready.
func startServer(ctx context.Context, binary string, s subject) (process, time.Duration, error) {
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return process{}, 0, err
	}
	address := probe.Addr().String()
	if err := probe.Close(); err != nil {
		return process{}, 0, err
	}
	cmd := exec.CommandContext(ctx, binary, "serve", "--data-dir", s.dir, "--listen", address, "--limit-application", "0")
	// The log goes where a service's does, to be paid for.
	log, err := os.Create(filepath.Join(s.dir, "serve.log"))
	if err != nil {
		return process{}, 0, err
	}
	cmd.Stdout, cmd.Stderr = log, log
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return process{}, 0, err
	}
	p := process{url: "http://" + address, cmd: cmd}
	for time.Since(begun) < 10*time.Second {
		if _, err := fetch(ctx, p.url+"/readyz", ""); err == nil {
			return p, time.Since(begun), nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	p.stop()
	return process{}, 0, fmt.Errorf("avain serve did not become ready; see %s", log.Name())
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
