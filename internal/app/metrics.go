package app

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/avain-project/avain/internal/credential/journal"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/webhook"
)

// metrics are the measures that /metrics shows. No label names an account, an
// application or an address: their number is not ours to bound.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	calls    *prometheus.HistogramVec
	dials    *prometheus.HistogramVec
	journal  *prometheus.CounterVec
	hooks    *prometheus.CounterVec
}

func newMetrics(version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "avain_http_request_seconds", Help: "Time to serve a request, by route pattern, method and status.",
			Buckets: prometheus.DefBuckets,
		}, []string{"route", "method", "status"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "avain_provider_call_seconds", Help: "Time until a provider's answer began, by status class; 0 is no answer.",
			Buckets: prometheus.DefBuckets,
		}, []string{"status"}),
		dials: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "avain_typed_dial_seconds", Help: "Time to connect to a host that somebody typed, TLS apart, by outcome.",
			Buckets: prometheus.DefBuckets,
		}, []string{"outcome"}),
		journal: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "avain_journal_events_total", Help: "What became of new tokens that the database did not take at once.",
		}, []string{"event"}),
		hooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "avain_webhook_tries_total", Help: "Tries to deliver an event to an application, by outcome.",
		}, []string{"outcome"}),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "avain_build_info", Help: "1, with the version as a label."}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	m.registry.MustRegister(m.requests, m.calls, m.dials, m.journal, m.hooks, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// methods that get a label of their own; anything may be sent as one.
var methods = map[string]bool{
	http.MethodGet: true, http.MethodHead: true, http.MethodPost: true, http.MethodPut: true,
	http.MethodPatch: true, http.MethodDelete: true, http.MethodOptions: true,
}

func (m *metrics) request(route, method string, status int, took time.Duration) {
	if !methods[method] {
		method = "other"
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) outbound(_ string, status int, took time.Duration) {
	class := "0"
	if status > 0 {
		class = strconv.Itoa(status/100) + "xx"
	}
	m.calls.WithLabelValues(class).Observe(took.Seconds())
}

func (m *metrics) typedDial(failed outbound.Reason, took time.Duration) {
	if failed == "" {
		failed = "connected"
	}
	m.dials.WithLabelValues(string(failed)).Observe(took.Seconds())
}

func (m *metrics) journalled(e journal.Event) { m.journal.WithLabelValues(string(e)).Inc() }

// watchJournal shows how many entries wait.
func (m *metrics) watchJournal(j *journal.Journal) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "avain_journal_entries", Help: "New tokens that wait until the database takes them.",
	}, func() float64 { return float64(j.Len()) }))
}

func (m *metrics) delivery(failed webhook.Failure) {
	if failed == "" {
		failed = "delivered"
	}
	m.hooks.WithLabelValues(string(failed)).Inc()
}

func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}
