package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/sandbox"
)

// roleVariable tells a copy of this program which server to be; what the role
// needs comes on its standard input, and its address goes to standard output.
const roleVariable = "AVAIN_BENCH_ROLE"

// process is a server beside us.
type process struct {
	url string
	cmd *exec.Cmd
}

func (p process) pid() int { return p.cmd.Process.Pid }

func (p process) stop() {
	if p.cmd == nil {
		return // never started
	}
	_ = p.cmd.Process.Signal(os.Interrupt)
	_ = p.cmd.Wait()
}

func startRole(ctx context.Context, role string, input []byte) (process, error) {
	self, err := os.Executable()
	if err != nil {
		return process{}, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return process{}, err
	}
	if err := cmd.Start(); err != nil {
		return process{}, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return process{}, fmt.Errorf("role %s did not start: %w", role, err)
	}
	return process{url: strings.TrimSpace(line), cmd: cmd}, nil
}

func serveRole(ctx context.Context, role string) error {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	if role == "avain" {
		return serveProfiled(ctx, input)
	}
	handler, err := roleHandler(role, input)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + listener.Addr().String())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	_ = server.Serve(listener)
	return nil
}

func roleHandler(role string, input []byte) (http.Handler, error) {
	switch role {
	case "bare":
		return fixed(input), nil
	case "provider":
		return provider(string(input))
	case "token":
		return newStandIn(), nil
	case "replay":
		var hops []exchange
		err := json.Unmarshal(input, &hops)
		return replay(hops), err
	case "upstream":
		return fixed([]byte(`{"messages":[` + strings.TrimSuffix(strings.Repeat(`{"id":"18c2f0a1b2c3d4e5","threadId":"18c2f0a1b2c3d4e5"},`, 40), ",") + `]}`)), nil
	case "proxy":
		upstream, err := url.Parse(string(input))
		if err != nil {
			return nil, err
		}
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 64
		return &httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
			Transport: transport,
		}, nil
	}
	return nil, fmt.Errorf("unknown role %q", role)
}

// provider is the sandbox, with a client for each application.
func provider(callback string) (http.Handler, error) {
	box := sandbox.New(sandbox.Config{})
	for number := range connections {
		if err := box.Register("Google", sandboxClient(number, callback)); err != nil {
			return nil, err
		}
	}
	return box, nil
}

func fixed(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(body)
	})
}
