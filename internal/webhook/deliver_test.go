package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/storetest"
	"github.com/avain-project/avain/internal/webhook"
)

const hook = "https://app.example/hook?key=in-the-url"

// bench is a store with one application, and the receiver that the test plays.
type bench struct {
	testing.TB
	store *store.Store
	ring  *seal.Ring

	mu   sync.Mutex
	now  time.Time
	log  bytes.Buffer
	got  []sent
	play func(sent) (int, error) // what the receiver does
	made int                     // accounts
}

type sent struct {
	ID, Type, TokenStatus, TokenError string
	AccountID                         int64
	Reauthorization                   *struct{ URL string }
	at                                time.Time
}

func setup(t testing.TB) *bench {
	t.Helper()
	b := &bench{TB: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), play: func(sent) (int, error) { return 200, nil }}
	b.store = storetest.Open(t).At(b.clock)
	var err error
	b.ring, err = seal.NewRing()
	b.ok(err)
	key, wrapped, err := b.ring.NewDataKey("app")
	b.ok(err)
	b.ok(b.store.CreateApplication(t.Context(), store.Application{DataKey: wrapped, Application: account.Application{
		ID: "app", ClientID: "client-of-app", Settings: account.Settings{Webhooks: []string{hook}},
	}}))
	sealed, err := key.Seal([]byte("signing secret"), store.LabelSigningSecret, "signing")
	b.ok(err)
	b.ok(b.store.SetSigningSecret(t.Context(), store.SigningSecret{ID: "signing", ApplicationID: "app", Sealed: sealed}, false))
	b.ok(b.store.SaveRegistration(t.Context(), store.Registration{Registration: account.Registration{
		ID: "reg", ApplicationID: "app", ServiceType: account.Google, ClientID: "client", Current: true,
	}}))
	return b
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// Write takes the log.
func (b *bench) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.Write(p)
}

func (b *bench) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// RoundTrip is the receiver: it checks what is sent, and does what the test says.
func (b *bench) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	seconds, err := strconv.ParseInt(req.Header.Get("X-Aurinko-Request-Timestamp"), 10, 64)
	if err != nil || req.Method != http.MethodPost || req.URL.String() != hook || req.Header.Get("Content-Type") != "application/json" ||
		req.Header.Get("X-Aurinko-Signature") != webhook.Sign(secret.New("signing secret"), time.Unix(seconds, 0), body) {
		b.Errorf("sent %s %s %v", req.Method, req.URL, req.Header)
	}
	one := sent{at: time.Unix(seconds, 0).UTC()}
	if err := json.Unmarshal(body, &one); err != nil || one.ID == "" || strings.Contains(string(body), "@") {
		b.Errorf("sent %s", body)
	}
	b.mu.Lock()
	b.got = append(b.got, one)
	play := b.play
	b.mu.Unlock()
	status, err := play(one)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("an answer")), Header: http.Header{"Location": {"/elsewhere"}}, Request: req}, nil
}

// Link implements webhook.Links.
func (b *bench) Link(_ context.Context, id account.ID, generation int64, life time.Duration) (string, time.Time, error) {
	return "https://avain.example/link/" + id.String() + "/" + strconv.FormatInt(generation, 10), b.clock().Add(life), nil
}

// deliver is one round of a new process.
func (b *bench) deliver() {
	b.Helper()
	b.ok(b.service().Deliver(b.Context()))
}

func (b *bench) service() *webhook.Service {
	return webhook.New(webhook.Config{
		Store: b.store, Ring: b.ring, Client: &http.Client{Transport: b}, Links: b, Now: b.clock,
		Logger: slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug})), Version: "test",
	})
}

func (b *bench) plays(play func(sent) (int, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.play = play
}

// connect makes an account.
func (b *bench) connect() account.ID {
	b.Helper()
	b.made++
	a := account.Account{
		ID: account.ID(b.made), ApplicationID: "app", RegistrationID: "reg", ServiceType: account.Google, TokenStatus: account.TokenActive,
		Identity: account.Identity{Subject: strconv.Itoa(b.made), Email: "ada@example.com"}, LoginString: "ada@example.com",
	}
	b.ok(b.store.SaveConnection(b.Context(), store.Connection{Account: a, New: true, Credential: &store.Credential{RecordID: strconv.Itoa(b.made), Sealed: []byte("sealed")}}))
	return a.ID
}

func (b *bench) mark(id account.ID, status account.TokenStatus) {
	b.Helper()
	state := store.TokenState{Status: status}
	if status != account.TokenActive {
		state.Error = "the person has ended the access"
	}
	if _, err := b.store.MarkToken(b.Context(), id, 1, state); err != nil {
		b.Fatal(err)
	}
}

// sentTypes are what the receiver got of an account, tries included; and forgets it.
func (b *bench) sentTypes(id account.ID) (types []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.got {
		if s.AccountID == int64(id) {
			types = append(types, s.Type)
		}
	}
	b.got = slices.DeleteFunc(b.got, func(s sent) bool { return s.AccountID == int64(id) })
	return types
}

func (b *bench) wants(id account.ID, want ...string) {
	b.Helper()
	if got := b.sentTypes(id); !slices.Equal(got, want) {
		b.Errorf("sent %v, want %v", got, want)
	}
}

func TestEventsArriveInOrderAndOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ada, bob := b.connect(), b.connect()
	b.mark(ada, account.TokenDead)
	b.mark(ada, account.TokenActive)
	b.deliver()
	b.mu.Lock()
	for _, s := range b.got {
		if s.Type == "token.expired" != (s.Reauthorization != nil) || s.Type == "token.expired" &&
			(s.Reauthorization.URL != "https://avain.example/link/1/1" || s.TokenStatus != "dead" || s.TokenError != "the person has ended the access") {
			t.Errorf("sent %+v", s)
		}
	}
	b.mu.Unlock()
	b.wants(ada, "account.created", "token.expired", "token.recovered")
	b.wants(bob, "account.created")
	b.deliver()
	b.wants(ada)
}

// One account's event that the receiver does not take holds up that account alone.
func TestAnEventThatIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ada, bob := b.connect(), b.connect()
	b.mark(ada, account.TokenDead)
	b.mark(bob, account.TokenDead)
	for _, status := range []int{500, 400, 404, 302} {
		b.plays(func(s sent) (int, error) {
			if s.AccountID == int64(ada) {
				return status, nil
			}
			return 204, nil
		})
		b.deliver()
		b.wants(ada, "account.created")
		b.deliver()
		b.wants(ada)
		b.advance(10 * time.Minute)
	}
	b.wants(bob, "account.created", "token.expired")
	for _, d := range b.deliveries() {
		if of := d.Event.AccountID == ada; of != (d.State == store.DeliveryWaiting) || of && d.Event.Kind == store.AccountCreated && (d.Failure != "wrong answer" || d.Attempts != 4) {
			t.Errorf("%+v", d)
		}
	}
	b.plays(func(sent) (int, error) { return 200, nil })
	b.deliver()
	b.wants(ada, "account.created", "token.expired")
}

func (b *bench) deliveries() []store.Delivery {
	b.Helper()
	all, err := b.store.Deliveries(b.Context(), store.DeliveryFilter{})
	b.ok(err)
	return all
}

// A receiver that is away gets one try at a time, ever more seldom, for three days.
func TestAReceiverThatIsAway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	began := b.clock()
	ada, bob := b.connect(), b.connect()
	b.plays(func(sent) (int, error) { return 0, errors.New("no route to 10.1.2.3") })
	b.deliver()
	b.sentTypes(ada)
	b.sentTypes(bob)
	for pause := 1; pause < 300; pause *= 2 { // 1, 2, 4 … seconds
		b.advance(time.Duration(pause)*time.Second - time.Millisecond)
		b.deliver()
		b.advance(time.Millisecond)
		if n := b.tries(); n != 0 {
			t.Errorf("%d tries before %d seconds were over", n, pause)
		}
		b.deliver()
		if n := b.tries(); n != 1 {
			t.Errorf("%d tries after %d seconds", n, pause)
		}
	}
	for b.clock().Before(began.Add(72*time.Hour - 11*time.Minute)) {
		b.advance(10 * time.Minute)
		b.deliver()
	}
	for _, d := range b.deliveries() {
		if d.State != store.DeliveryWaiting {
			t.Errorf("given up before three days: %+v", d)
		}
	}
	b.advance(20 * time.Minute)
	b.deliver()
	for _, d := range b.deliveries() {
		if d.State != store.DeliveryFailed || d.Failure != "unreachable" {
			t.Errorf("after three days: %+v", d)
		}
	}
	b.tries()
	b.mark(ada, account.TokenDead)
	b.plays(func(sent) (int, error) { return 200, nil })
	b.advance(10 * time.Minute)
	b.deliver()
	b.wants(ada, "token.expired")

	if n, err := b.store.Redeliver(b.Context(), store.DeliveryFilter{State: store.DeliveryFailed}); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	b.deliver()
	b.wants(ada, "account.created")
	b.wants(bob, "account.created")
}

// tries counts what was sent, and forgets it.
func (b *bench) tries() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.got)
	b.got = nil
	return n
}

// Of a failure nothing is kept and logged but one of three words.
func TestAFailureTellsOneWord(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		play func(sent) (int, error)
		want string
	}{
		"no connection":   {func(sent) (int, error) { return 0, errors.New("no route to 10.1.2.3") }, "unreachable"},
		"too slow":        {func(sent) (int, error) { return 0, context.DeadlineExceeded }, "timeout"},
		"another answer":  {func(sent) (int, error) { return 503, nil }, "wrong answer"},
		"a way elsewhere": {func(sent) (int, error) { return 307, nil }, "wrong answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.connect()
			b.plays(tt.play)
			b.deliver()
			if d := b.deliveries()[0]; d.Failure != tt.want || b.tries() != 1 {
				t.Errorf("%+v", d)
			}
			for _, no := range []string{"in-the-url", "10.1.2.3", "signing secret", "an answer"} {
				if strings.Contains(b.log.String(), no) {
					t.Errorf("the log holds %q: %s", no, b.log.String())
				}
			}
			if !strings.Contains(b.log.String(), tt.want) {
				t.Errorf("the log is %s", b.log.String())
			}
		})
	}
}

// Replicas that work at once deliver each event once.
func TestReplicasDeliverOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const people = 30
	for range people {
		b.mark(b.connect(), account.TokenDead)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if err := b.service().Deliver(b.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for id := range people {
		b.wants(account.ID(id+1), "account.created", "token.expired")
	}
}
