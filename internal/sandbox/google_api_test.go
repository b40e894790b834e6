package sandbox_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// into reads a JSON answer.
func into[T any](b *bench, a answer) T {
	b.Helper()
	var v T
	b.wantStatus(a.StatusCode, http.StatusOK)
	if err := json.Unmarshal([]byte(a.text), &v); err != nil {
		b.Fatalf("%v in %s", err, a.text)
	}
	return v
}

type messageList struct {
	Messages      []struct{ ID string } `json:"messages"`
	NextPageToken string                `json:"nextPageToken"`
}

type message struct {
	ID      string   `json:"id"`
	Labels  []string `json:"labelIds"`
	Snippet string   `json:"snippet"`
	Payload *struct {
		Headers []struct{ Name, Value string } `json:"headers"`
		Body    struct{ Data string }          `json:"body"`
	} `json:"payload"`
}

func (m message) header(name string) string {
	for _, h := range m.Payload.Headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

func TestAPIErrorsHaveGooglesShape(t *testing.T) {
	t.Parallel()
	b := setup(t)
	expired := b.connect().Access
	b.clock.advance(time.Hour)
	weak := b.connect("scope", "openid").Access
	for name, tt := range map[string]struct {
		a      answer
		code   int
		status string
	}{
		"unknown token":  {b.get("/gmail/v1/users/me/messages", "ya29.sandbox-none"), 401, "UNAUTHENTICATED"},
		"expired token":  {b.get("/gmail/v1/users/me/messages", expired), 401, "UNAUTHENTICATED"},
		"token in query": {b.get("/gmail/v1/users/me/messages?access_token="+weak, ""), 401, "UNAUTHENTICATED"},
		"missing scope":  {b.get("/gmail/v1/users/me/messages", weak), 403, "PERMISSION_DENIED"},
		"calendar scope": {b.get("/calendar/v3/users/me/calendarList", weak), 403, "PERMISSION_DENIED"},
		"no such path":   {b.get("/drive/v3/files", weak), 404, "NOT_FOUND"},
		"unclean path":   {b.get("//gmail/v1/users/me/messages", weak), 404, "NOT_FOUND"},
	} {
		var body struct {
			Error struct {
				Code            int
				Message, Status string
			}
		}
		if err := json.Unmarshal([]byte(tt.a.text), &body); err != nil {
			t.Errorf("%s: %v in %s", name, err, tt.a.text)
		}
		if tt.a.StatusCode != tt.code || body.Error.Code != tt.code || body.Error.Status != tt.status || body.Error.Message == "" {
			t.Errorf("%s: %d %s, want %d %s", name, tt.a.StatusCode, tt.a.text, tt.code, tt.status)
		}
	}
}

func TestGmailListIsPaged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	access := b.connect().Access
	seen := map[string]bool{}
	pages, token := 0, ""
	for {
		l := into[messageList](b, b.get("/gmail/v1/users/me/messages?maxResults=10&pageToken="+token, access))
		pages++
		for _, m := range l.Messages {
			seen[m.ID] = true
		}
		if token = l.NextPageToken; token == "" {
			break
		}
	}
	if pages != 3 || len(seen) != 25 {
		t.Errorf("%d pages with %d messages, want 3 and 25", pages, len(seen))
	}
	for _, bad := range []string{"?maxResults=0", "?maxResults=501", "?pageToken=abc", "?pageToken=5"} {
		b.wantStatus(b.get("/gmail/v1/users/me/messages"+bad, access).StatusCode, http.StatusBadRequest)
	}
	b.wantStatus(b.get("/gmail/v1/users/bob@sandbox.test/messages", access).StatusCode, http.StatusForbidden)
}

func TestGmailMessage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	access := b.connect().Access
	l := into[messageList](b, b.get("/gmail/v1/users/ada@sandbox.test/messages", access))
	m := into[message](b, b.get("/gmail/v1/users/me/messages/"+l.Messages[0].ID, access))
	if m.Snippet == "" || m.header("Subject") == "" || !strings.Contains(m.header("From"), "@") {
		t.Errorf("message %+v", m)
	}
	if _, err := time.Parse(time.RFC1123Z, m.header("Date")); err != nil {
		t.Error(err)
	}
	if into[message](b, b.get("/gmail/v1/users/me/messages/"+m.ID+"?format=minimal", access)).Payload != nil {
		t.Error("format=minimal has a payload")
	}
	if data := into[message](b, b.get("/gmail/v1/users/me/messages/"+m.ID+"?format=metadata", access)).Payload.Body.Data; data != "" {
		t.Error("format=metadata has a body")
	}
	b.wantStatus(b.get("/gmail/v1/users/me/messages/none", access).StatusCode, http.StatusNotFound)
}

func (b *bench) send(access, raw string) answer {
	b.Helper()
	body := fmt.Sprintf(`{"raw": %q}`, base64.URLEncoding.EncodeToString([]byte(raw)))
	return b.do(b.request("POST", b.at.API+"/gmail/v1/users/me/messages/send", body, "Authorization", "Bearer "+access))
}

func TestGmailSend(t *testing.T) {
	t.Parallel()
	b := setup(t)
	access := b.connect().Access
	sent := into[message](b, b.send(access, "To: bob@sandbox.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nFrom a test."))
	l := into[messageList](b, b.get("/gmail/v1/users/me/messages?labelIds=SENT", access))
	if len(l.Messages) != 1 || l.Messages[0].ID != sent.ID {
		t.Fatalf("sent list %+v, want %s", l, sent.ID)
	}
	m := into[message](b, b.get("/gmail/v1/users/me/messages/"+sent.ID, access))
	if m.header("Subject") != "Grüße" || m.header("From") != "Ada Lovelace <ada@sandbox.test>" || m.Snippet != "From a test." {
		t.Errorf("sent message %+v", m)
	}
	b.wantStatus(b.send(access, "Subject: to nobody\r\n\r\n").StatusCode, http.StatusBadRequest)
	b.wantStatus(b.do(b.request("POST", b.at.API+"/gmail/v1/users/me/messages/send", `{}`, "Authorization", "Bearer "+access)).StatusCode, http.StatusBadRequest)
	b.wantStatus(b.send(b.connect("scope", gmailRead).Access, "To: x@y.test\r\n\r\n").StatusCode, http.StatusForbidden)

	for range 105 {
		b.wantStatus(b.send(access, "To: bob@sandbox.test\r\n\r\n").StatusCode, http.StatusOK)
	}
	if n := len(into[messageList](b, b.get("/gmail/v1/users/me/messages?q=in:sent&maxResults=500", access)).Messages); n != 100 {
		t.Errorf("%d sent messages are kept, want 100", n)
	}
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	b := setup(t)
	access := b.connect("scope", calendars).Access
	type items struct{ Items []map[string]any }
	if l := into[items](b, b.get("/calendar/v3/users/me/calendarList", access)); l.Items[0]["id"] != "ada@sandbox.test" {
		t.Errorf("calendars %v", l)
	}
	if l := into[items](b, b.get("/calendar/v3/calendars/primary/events", access)); len(l.Items) != 3 {
		t.Errorf("events %v", l)
	}
	b.wantStatus(b.get("/calendar/v3/calendars/other/events", access).StatusCode, http.StatusNotFound)
}

func TestAPIAnswersCarryHeadersAProxyMustStrip(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.get("/gmail/v1/users/me/profile", b.connect().Access)
	for _, name := range []string{"Set-Cookie", "Alt-Svc", "Server"} {
		if a.Header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
}

type echo struct {
	Method, RawPath, RawQuery string
	Headers                   http.Header
	BodySHA256                string
	BodyLength                int
}

// raw sends a request line as it stands, which net/http's client would clean.
func (b *bench) raw(line, access, body string) echo {
	b.Helper()
	u, err := url.Parse(b.base)
	if err != nil {
		b.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nX-Two: 1\r\nX-Two: 2\r\nContent-Length: %d\r\n\r\n%s", line, u.Host, access, len(body), body)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return into[echo](b, answer{resp, string(text)})
}

func TestEchoShowsWhatArrived(t *testing.T) {
	t.Parallel()
	b := setup(t)
	access := b.connect().Access
	const path, query = "/google/api/echo/a%2Fb//../%2e%2E/c;d=1/", "b=%20+%zz&a=;&a"
	got := b.raw("PATCH "+path+"?"+query, access, "body\x00")
	sum := sha256.Sum256([]byte("body\x00"))
	want := echo{Method: "PATCH", RawPath: path, RawQuery: query, BodySHA256: hex.EncodeToString(sum[:]), BodyLength: 5, Headers: http.Header{
		"Authorization": {"Bearer ya29.sandbox-[redacted]"}, "X-Two": {"1", "2"}, "Content-Length": {"5"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	b.wantStatus(b.get("/echo/x", "none").StatusCode, http.StatusUnauthorized)
	if a := b.get("/echo/x", access); a.Header.Get("Clear-Site-Data") == "" || strings.Contains(a.text, access) {
		t.Errorf("echo answered %v %s", a.Header, a.text)
	}
}

func TestStreamAndRedirect(t *testing.T) {
	t.Parallel()
	b := setup(t)
	access := b.connect().Access
	a := b.get("/stream?chunks=3&size=1000&delay=1ms", access)
	if len(a.text) != 3000 || a.ContentLength != -1 {
		t.Errorf("%d bytes, Content-Length %d", len(a.text), a.ContentLength)
	}
	for _, bad := range []string{"chunks=0", "size=1048577", "delay=1h", "delay=x"} {
		b.wantStatus(b.get("/stream?"+bad, access).StatusCode, http.StatusBadRequest)
	}
	moved := b.get("/redirect?status=307&to=https://evil.test/x", access)
	if moved.StatusCode != 307 || moved.Header.Get("Location") != "https://evil.test/x" {
		t.Errorf("%d to %q", moved.StatusCode, moved.Header.Get("Location"))
	}
	b.wantStatus(b.get("/redirect?status=200", access).StatusCode, http.StatusBadRequest)
}

// The first chunk must leave the sandbox while the last is still to be written.
func TestStreamFlushesEachChunk(t *testing.T) {
	t.Parallel()
	b := setup(t)
	resp, err := b.client.Do(b.request("GET", b.at.API+"/stream?chunks=2&size=8&delay=10s", "", "Authorization", "Bearer "+b.connect().Access))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	start := time.Now()
	if _, err := io.ReadFull(resp.Body, make([]byte, 8)); err != nil || time.Since(start) > 5*time.Second {
		t.Errorf("first chunk: %v after %s", err, time.Since(start))
	}
}
