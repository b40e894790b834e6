package main

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/api"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider/all"
	"github.com/avain-project/avain/internal/store"
)

// observed is what one code flow was seen to do.
type observed struct {
	hops   []exchange
	writes [][]string // the statements of each durable change
	reads  []string   // statements outside of them
}

// ways counts the hops by who asked whom.
func (o observed) ways() string {
	var order []string
	count := map[string]int{}
	for _, hop := range o.hops {
		way := hop.From + " to " + hop.To
		if count[way]++; count[way] == 1 {
			order = append(order, way)
		}
	}
	for i, way := range order {
		order[i] = fmt.Sprintf("%s %d", way, count[way])
	}
	return strings.Join(order, ", ")
}

// observe serves one code flow in this process, with a look at every request and
// every statement. It tells what the yardstick has to do, and connects the account
// of the other measures.
func (w *world) observe(ctx context.Context) (err error) {
	opened, err := w.engine.open(ctx, w.database)
	if err != nil {
		return err
	}
	counted, seen := &tally{Engine: opened}, &recorder{names: map[string]string{w.listen: "Avain"}}
	defer func() { err = errors.Join(err, opened.Close()) }()
	listener, err := net.Listen("tcp", w.listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: w.compose(store.New(counted), seen), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	defer func() { _ = server.Close(); <-ended }()

	client := newClient(1)
	client.Transport = recording{seen, "client"}
	if w.token, err = codeFlow(ctx, client, w.url(), w.apps[0]); err != nil {
		return err
	}
	w.seen = observed{hops: seen.hops, writes: counted.writes, reads: counted.reads}
	return w.checkBare(ctx)
}

// compose puts Avain together as internal/app does, around a store and a transport
// that are looked at.
func (w *world) compose(s *store.Store, seen *recorder) http.Handler {
	clients := outbound.New(outbound.Config{})
	clients.API = &http.Client{Transport: recording{seen, "Avain"}}
	providers, silent := all.Registry(clients), slog.New(slog.DiscardHandler)
	credentials := credential.New(credential.Config{
		Store: s, Ring: w.ring, Providers: providers, Transport: clients.Stream.Transport, Now: time.Now, Logger: silent,
	})
	public := &url.URL{Scheme: "http", Host: w.listen}
	return api.New(api.Config{
		PublicURL: public, Access: access.New(s), Accounts: credentials, Origins: s, Logger: silent, Now: time.Now,
		Connect: connect.New(connect.Config{Store: s, Credentials: credentials, Providers: providers, PublicURL: public, Now: time.Now}),
	})
}

// checkBare makes sure that the bare changes are still those of the flow.
func (w *world) checkBare(ctx context.Context) error {
	opened, err := w.engine.open(ctx, w.bare)
	if err != nil {
		return err
	}
	counted := &tally{Engine: opened}
	err = bareChanges(ctx, store.New(counted), w.bareApps[0])
	if err = errors.Join(err, opened.Close()); err != nil {
		return err
	}
	if !slices.EqualFunc(counted.writes, w.seen.writes, slices.Equal) {
		return fmt.Errorf("a code flow no longer makes the changes of bench/bare.go:\nflow %q\nbare %q", w.seen.writes, counted.writes)
	}
	return nil
}

// exchange is one request and its answer, whole.
type exchange struct {
	From, To     string // "client", "Avain" or "provider"
	Method, URI  string
	Header       http.Header
	Body         []byte
	Status       int
	AnswerHeader http.Header
	Answer       []byte
}

// recorder keeps what went through its transports.
type recorder struct {
	names map[string]string // of hosts; others are the provider
	mu    sync.Mutex
	hops  []exchange
}

// recording is a transport of somebody.
type recording struct {
	*recorder
	from string
}

// RoundTrip implements http.RoundTripper.
func (r recording) RoundTrip(req *http.Request) (*http.Response, error) {
	e := exchange{
		From: r.from, To: cmp.Or(r.names[req.URL.Host], "provider"),
		Method: req.Method, URI: req.URL.RequestURI(), Header: req.Header.Clone(),
	}
	var err error
	if req.Body != nil {
		if e.Body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(e.Body))
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	e.Status, e.AnswerHeader = res.StatusCode, res.Header.Clone()
	e.Answer, err = io.ReadAll(res.Body)
	_ = res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(e.Answer))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hops = append(r.hops, e)
	return res, err
}

// tally is an engine that keeps the text of its statements.
type tally struct {
	store.Engine
	mu     sync.Mutex
	writes [][]string
	reads  []string
}

func (t *tally) Reader() store.Querier {
	return noting{t.Engine.Reader(), func(query string) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.reads = append(t.reads, query)
	}}
}

func (t *tally) Write(ctx context.Context, fn func(context.Context, store.Querier) error) error {
	var statements []string
	err := t.Engine.Write(ctx, func(ctx context.Context, q store.Querier) error {
		statements = nil // an engine may run it again
		return fn(ctx, noting{q, func(query string) { statements = append(statements, query) }})
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writes = append(t.writes, statements)
	return err
}

// noting tells of each statement.
type noting struct {
	store.Querier
	note func(query string)
}

func (n noting) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	n.note(query)
	return n.Querier.QueryContext(ctx, query, args...)
}

func (n noting) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	n.note(query)
	return n.Querier.QueryRowContext(ctx, query, args...)
}

func (n noting) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	n.note(query)
	return n.Querier.ExecContext(ctx, query, args...)
}
