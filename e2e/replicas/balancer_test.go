package replicas_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strconv"
	"sync"
	"testing"
)

// servedBy is the balancer's header: the number of the replica that was asked.
const servedBy = "X-Replica"

// balancer gives each request to the next replica, whoever asks. One that takes no
// connection is passed over; what has reached a replica is not tried again.
type balancer struct {
	*httptest.Server
	replicas []*replica

	mu   sync.Mutex
	next int
	out  map[*replica]bool // taken out
	seen []visit
}

// visit is a request that a replica has answered.
type visit struct {
	path    string
	replica int
}

func newBalancer(t testing.TB, replicas []*replica) *balancer {
	t.Helper()
	b := &balancer{replicas: replicas, out: map[*replica]bool{}}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.Host = "http", r.In.Host },
		Transport:      b,
		ModifyResponse: func(res *http.Response) error { b.note(res); return nil },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			var cut *cutError
			if errors.As(err, &cut) {
				w.Header().Set(servedBy, strconv.Itoa(cut.replica))
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	b.Server = httptest.NewServer(proxy)
	t.Cleanup(b.Close)
	return b
}

// cutError is a request that a replica did not finish.
type cutError struct {
	replica int
	error
}

// fresh has no connections to be reused: one of a killed replica would fail the next call.
var fresh = &http.Transport{DisableKeepAlives: true}

// RoundTrip implements http.RoundTripper.
func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	for range b.replicas {
		to := b.pick()
		r.URL.Host = to.server.Address()
		res, err := fresh.RoundTrip(r)
		var dial *net.OpError
		switch {
		case err == nil:
			res.Header.Set(servedBy, strconv.Itoa(to.number))
			return res, nil
		case !errors.As(err, &dial) || dial.Op != "dial":
			return nil, &cutError{to.number, err}
		}
	}
	return nil, errors.New("no replica takes a connection")
}

func (b *balancer) pick() *replica {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		b.next++
		if r := b.replicas[b.next%len(b.replicas)]; !b.out[r] {
			return r
		}
	}
}

// takeOut sends nobody to the replica any more, until takeIn.
func (b *balancer) takeOut(r *replica) { b.mu.Lock(); defer b.mu.Unlock(); b.out[r] = true }
func (b *balancer) takeIn(r *replica)  { b.mu.Lock(); defer b.mu.Unlock(); delete(b.out, r) }

func (b *balancer) note(res *http.Response) {
	number, _ := strconv.Atoi(res.Header.Get(servedBy))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = append(b.seen, visit{res.Request.URL.Path, number})
}

// visits are the latest n.
func (b *balancer) visits(n int) []visit {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seen[len(b.seen)-n:]
}
