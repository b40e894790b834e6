package e2e_test

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestUnknownRoutesAreJSON(t *testing.T) {
	t.Parallel()
	w := start(t)
	for _, path := range []string{
		"/nothing", "/v1", "/v1/", "/v1/accounts", "/v1/account/", "/v1/direct", "/v1/%64irect/echo/x", "/V1/account", "/v1/auth/token/", "/v1/auth/token/a/b",
		"/metrics", "/debug/pprof/", "/favicon.ico", "/", "/v1/account%2Ftoken",
	} {
		// Browsers, too: only the flow's own routes have pages.
		a := w.raw(http.MethodGet, path, "Accept", "text/html", "Connection", "close")
		refused(t, a, http.StatusNotFound, "not_found")
		if t.Failed() {
			t.Fatalf("path %s", path)
		}
	}
}

func TestWrongMethodsNameTheRightOnes(t *testing.T) {
	t.Parallel()
	w := start(t)
	for target, allow := range map[string][]string{
		"POST /v1/account":         {"GET", "DELETE"},
		"PUT /v1/account/token":    {"DELETE"},
		"GET /v1/account/token":    {"DELETE"},
		"PUT /v1/auth/token/x":     {"GET", "POST"},
		"HEAD /v1/auth/token/x":    {"GET", "POST"},
		"POST /v1/auth/authorize":  {"GET"},
		"HEAD /v1/auth/authorize":  {"GET"},
		"HEAD /v1/auth/callback":   {"GET"},
		"POST /healthz":            {"GET"},
		"OPTIONS /healthz":         {"GET"},
		"DELETE /readyz":           {"GET"},
		"X-OWN /v1/auth/authorize": {"GET"},
	} {
		method, path, _ := strings.Cut(target, " ")
		a := w.call(method, path, nil)
		if a.status != http.StatusMethodNotAllowed || (method != "HEAD" && a.code() != "method.notAllowed") {
			t.Errorf("%s: %d %s", target, a.status, a.body)
		}
		for _, want := range allow {
			if !strings.Contains(a.header.Get("Allow"), want) {
				t.Errorf("%s: Allow %q lacks %s", target, a.header.Get("Allow"), want)
			}
		}
	}
}

func TestHeadAnswersAsGetDoes(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.connect(nil)
	for _, path := range []string{"/v1/account", "/healthz", "/readyz"} {
		get, head := w.as(c, http.MethodGet, path), w.as(c, http.MethodHead, path)
		if head.status != get.status || head.body != "" || head.header.Get("Content-Length") != strconv.Itoa(len(get.body)) {
			t.Errorf("%s: HEAD %d, %q bytes; GET %d, %d bytes", path, head.status, head.header.Get("Content-Length"), get.status, len(get.body))
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	w := start(t)
	authorization := []string{"Authorization", basic(w.client.ClientID, w.password)}
	fits := w.call(http.MethodPost, "/v1/auth/token/x", strings.NewReader(strings.Repeat(" ", 64<<10)), authorization...)
	refused(t, fits, http.StatusBadRequest, "code.invalid")
	for _, size := range []int64{64<<10 + 1, 4 << 20} {
		over := w.call(http.MethodPost, "/v1/auth/token/x", io.LimitReader(strings.NewReader(strings.Repeat(" ", 4<<20)), size), authorization...)
		refused(t, over, http.StatusRequestEntityTooLarge, "body.tooLarge")
	}
	// Headers have a bound as well.
	if a := w.raw(http.MethodGet, "/healthz", "X-Long", strings.Repeat("a", 128<<10)); a.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("128 KiB of headers: %d", a.status)
	}
}

func TestMetricsHaveAListenerOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := idle(t)
	r := w.launch()
	t.Cleanup(func() { r.end(t) })
	w.register()
	c := w.connect(nil)
	w.as(c, http.MethodGet, "/v1/direct/echo/secret-path?secret-query")
	w.as(c, http.MethodGet, "/secret-route")
	w.as(c, "SECRET", "/v1/account")

	refused(t, w.call(http.MethodGet, "/metrics", nil), http.StatusNotFound, "not_found")
	res, err := http.Get(r.MetricsURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	text := string(body)
	for _, want := range []string{
		`avain_http_request_seconds_count{method="GET",route="/v1/direct/",status="200"} 1`, `route="/v1/auth/authorize",status="303"`,
		`route="none"`, `method="other"`, `avain_provider_call_seconds_count{status="2xx"}`, `avain_build_info{version="test"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	id := strconv.FormatInt(c.AccountID, 10)
	for _, never := range []string{id, w.client.ClientID, w.client.ID, "127.0.0.1", "secret", "SECRET", "ada@", c.AccessToken} {
		if strings.Contains(text, never) {
			t.Errorf("the metrics hold %q", never)
		}
	}
	for _, label := range regexp.MustCompile(`avain_\w+\{([^}]*)\}`).FindAllStringSubmatch(text, -1) {
		for pair := range strings.SplitSeq(label[1], `",`) {
			name, _, _ := strings.Cut(pair, "=")
			if !strings.Contains(" route method status le version ", " "+name+" ") {
				t.Errorf("a label is called %q", name)
			}
		}
	}
	metrics, err := url.Parse(r.MetricsURL)
	if err != nil {
		t.Fatal(err)
	}
	if metrics.Host == strings.TrimPrefix(w.url, "http://") {
		t.Error("both share one listener")
	}
	other, err := http.Get("http://" + metrics.Host + "/v1/account")
	if err != nil {
		t.Fatal(err)
	}
	_ = other.Body.Close()
	if other.StatusCode != http.StatusNotFound {
		t.Errorf("the metrics listener answers /v1/account with %d", other.StatusCode)
	}
}

func TestHealthIsForWhoeverAsks(t *testing.T) {
	t.Parallel()
	w := start(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		a := w.call(http.MethodGet, path, nil, "Host", "10.0.0.7") // a probe knows the pod's address alone
		if a.status != http.StatusOK || a.body != `{"status":"Ok"}` {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

// closed tells whether nobody listens at address any more.
func closed(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err == nil {
		_ = conn.Close()
	}
	return err != nil
}
