package outbound_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/outbound"
)

const public, other = "93.184.215.14", "1.1.1.1"

func hello(c net.Conn) { _, _ = c.Write([]byte("* OK\r\n")) }

func TestDialTriesPublicAddressesAlone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer []string
		dialed []string
		failed outbound.Reason
	}{
		"public":              {[]string{public}, []string{public + ":143"}, ""},
		"public behind inner": {[]string{"10.0.0.1", "::1", public}, []string{public + ":143"}, ""},
		"inner behind public": {[]string{other, "127.0.0.1"}, []string{other + ":143"}, outbound.Unreachable},
		"the second answers":  {[]string{other, public}, []string{other + ":143", public + ":143"}, ""},
		"inner":               {[]string{"10.0.0.1"}, nil, outbound.AddressRefused},
		"mapped":              {[]string{"::ffff:10.0.0.1"}, nil, outbound.AddressRefused},
		"metadata":            {[]string{"169.254.169.254", "fd00:ec2::254"}, nil, outbound.AddressRefused},
		"a zone":              {[]string{"fe80::1%eth0"}, nil, outbound.AddressRefused},
		"nobody":              {[]string{other}, []string{other + ":143"}, outbound.Unreachable},
		"empty":               {[]string{}, nil, outbound.NoSuchHost},
		"more than are tried": {
			[]string{"1.0.0.1", "1.0.0.2", "1.0.0.3", "1.0.0.4", "1.0.0.5", "1.0.0.6", "1.0.0.7", "1.0.0.8", public},
			[]string{"1.0.0.1:143", "1.0.0.2:143", "1.0.0.3:143", "1.0.0.4:143", "1.0.0.5:143", "1.0.0.6:143", "1.0.0.7:143", "1.0.0.8:143"},
			outbound.Unreachable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newInternet(t)
			n.names["mail.example"] = [][]string{tt.answer}
			n.listen(t, public+":143", hello)
			var observed []outbound.Reason
			typed := n.typed(func(c *outbound.TypedConfig) {
				c.ObserveDial = func(r outbound.Reason, _ time.Duration) { observed = append(observed, r) }
			})
			c, err := typed.Dial(t.Context(), outbound.IMAP, "Mail.Example:143")
			same(t, n.calls(), tt.dialed...)
			if len(observed) != 1 || observed[0] != tt.failed {
				t.Errorf("observed %q, want %q", observed, tt.failed)
			}
			if tt.failed != "" {
				failed(t, err, tt.failed)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_ = c.Close()
		})
	}
}

// A name that was good the last time is judged again.
func TestASecondAnswerIsJudged(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.names["mail.example"] = [][]string{{public}, {"127.0.0.1"}}
	n.listen(t, public+":993", hello)
	n.listen(t, "127.0.0.1:993", hello)
	typed := n.typed()
	c, err := typed.Dial(t.Context(), outbound.IMAP, "mail.example:993")
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	_, err = typed.Dial(t.Context(), outbound.IMAP, "mail.example:993")
	failed(t, err, outbound.AddressRefused)
	same(t, n.calls(), public+":993")
}

func TestDialRefusesWhatIsNoHostAndPort(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	typed := n.typed()
	for address, want := range map[string]outbound.Reason{
		"127.0.0.1:143": outbound.AddressRefused, "[::1]:143": outbound.AddressRefused, "[::ffff:127.0.0.1]:143": outbound.AddressRefused,
		"127.1:143": outbound.BadHost, "0x7f000001:143": outbound.BadHost, "0177.0.0.1:143": outbound.BadHost, "2130706433:143": outbound.BadHost,
		"[fe80::1%eth0]:143": outbound.BadHost, "mail.example": outbound.BadHost, "mail.example:imap": outbound.BadHost,
		"mail.example:0": outbound.BadHost, "mail.example:65536": outbound.BadHost, "mail.example:22": outbound.BadHost,
		"mail.example:443": outbound.BadHost, "a\r\nb:143": outbound.BadHost, ":143": outbound.BadHost, "mail.example:143": outbound.NoSuchHost,
	} {
		_, err := typed.Dial(t.Context(), outbound.IMAP, address)
		var f *outbound.Failure
		if !errors.As(err, &f) || f.Reason != want {
			t.Errorf("%q: %v, want %s", address, err, want)
		}
	}
	same(t, n.calls())
	for _, network := range []string{"udp", "unix", "ip"} {
		_, err := typed.DialContext(t.Context(), network, public+":143")
		failed(t, err, outbound.BadHost)
	}
	same(t, n.calls())
}

func TestAnAddressThatHangsLeavesTimeForTheNext(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.names["mail.example"] = [][]string{{other, public}}
	var left []time.Duration
	typed := n.typed(func(c *outbound.TypedConfig) {
		c.DialTimeout = time.Hour
		c.Connect = func(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
			end, _ := ctx.Deadline()
			left = append(left, time.Until(end))
			return nil, errors.New("connection refused")
		}
	})
	_, err := typed.Dial(t.Context(), outbound.IMAP, "mail.example:143")
	failed(t, err, outbound.Unreachable)
	if len(left) != 2 || left[0] > time.Hour/2 || left[1] < time.Hour/2 {
		t.Errorf("%v of an hour", left)
	}
}

func TestAnAddressThatHangsIsATimeout(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.hang[netip.MustParseAddr(public)] = true
	_, err := n.typed(func(c *outbound.TypedConfig) { c.DialTimeout = time.Millisecond }).Dial(t.Context(), outbound.IMAP, public+":143")
	failed(t, err, outbound.TimedOut)
}

// With real sockets and the system's resolver.
func TestTheOperatorsNetworkIsReached(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.listen(t, "127.0.0.1:143", hello)
	address := n.servers[netip.MustParseAddrPort("127.0.0.1:143")]
	_, port, _ := net.SplitHostPort(address)
	for _, at := range []string{address, "localhost:" + port} {
		_, err := outbound.NewTyped(outbound.TypedConfig{}).Dial(t.Context(), outbound.IMAP, at)
		failed(t, err, outbound.AddressRefused)
		allowed := outbound.NewTyped(outbound.TypedConfig{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
		c, err := allowed.Dial(t.Context(), outbound.IMAP, at)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(c); string(got) != "* OK\r\n" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		_ = c.Close()
	}
}

func TestAGreetingWithoutEndIsCutOff(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	flood := bytes.Repeat([]byte("x"), 2*outbound.MaxBeforeLogin)
	n.listen(t, public+":143", func(c net.Conn) { _, _ = c.Write(flood) })
	c, err := n.typed().Dial(t.Context(), outbound.IMAP, public+":143")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	got, err := io.ReadAll(c)
	if len(got) != outbound.MaxBeforeLogin || outbound.Explain("mail.example", err).Reason != outbound.TooMuch {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	if err := c.LoggedIn(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); len(got) != outbound.MaxBeforeLogin || err != nil {
		t.Errorf("read %d bytes after the login, %v", len(got), err)
	}
}

func TestAFloodInsideTLSIsCutOff(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.names["mail.example"] = [][]string{{public}}
	secured := &tls.Config{Certificates: []tls.Certificate{*certificate(t, n.ca, named("mail.example"))}}
	n.listen(t, public+":993", func(c net.Conn) {
		_, _ = tls.Server(c, secured).Write(bytes.Repeat([]byte("x"), 2*outbound.MaxBeforeLogin))
	})
	c, _, err := n.typed().DialTLS(t.Context(), outbound.IMAP, "mail.example:993")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if got, err := io.ReadAll(c); outbound.Explain("mail.example", err) == nil || outbound.Explain("mail.example", err).Reason != outbound.TooMuch {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}

// A library's own deadlines, or none, do not put off the end of the time before the
// login; afterwards they hold.
func TestNoDeadlinePutsOffTheLoginsEnd(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.listen(t, public+":143", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	typed := n.typed(func(c *outbound.TypedConfig) { c.LoginTimeout = 50 * time.Millisecond })
	for name, set := range map[string]func(*outbound.Conn) error{
		"as it comes":         func(*outbound.Conn) error { return nil },
		"no deadline":         func(c *outbound.Conn) error { return c.SetDeadline(time.Time{}) },
		"a later one":         func(c *outbound.Conn) error { return c.SetDeadline(time.Now().Add(time.Hour)) },
		"a later one to read": func(c *outbound.Conn) error { return c.SetReadDeadline(time.Now().Add(time.Hour)) },
	} {
		c, err := typed.Dial(t.Context(), outbound.IMAP, public+":143")
		if err != nil {
			t.Fatal(err)
		}
		if err := set(c); err != nil {
			t.Fatal(err)
		}
		_, err = c.Read(make([]byte, 1))
		if f := outbound.Explain("mail.example", err); f == nil || f.Reason != outbound.TimedOut {
			t.Errorf("%s: %v", name, err)
		}
		if err := c.LoggedIn(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte("x")); err != nil {
			t.Errorf("%s: after the login: %v", name, err)
		}
		_ = c.Close()
	}
}

func TestTheContextEndsTheConversation(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.listen(t, public+":143", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	ctx, cancel := context.WithCancel(t.Context())
	c, err := n.typed().Dial(ctx, outbound.IMAP, public+":143")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.LoggedIn(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	if _, err := c.Write([]byte("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("write: %v", err)
	}
}

func TestPlaintextIsForTheOperatorsHosts(t *testing.T) {
	t.Parallel()
	typed := outbound.NewTyped(outbound.TypedConfig{Plaintext: []string{"mail.example", "10.0.0.1"}})
	for host, want := range map[string]bool{
		"mail.example": true, "MAIL.example.": true, "10.0.0.1": true, "a.mail.example": false, "mail.example.evil.example": false, "": false, "127.1": false,
	} {
		if typed.Plaintext(host) != want {
			t.Errorf("%q: %v", host, !want)
		}
	}
}

// Nobody learns by asking which inner addresses exist; the log does.
func TestARefusedAddressLooksUnreachable(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	n.names["inner.example"] = [][]string{{"10.11.12.13"}}
	n.names["away.example"] = [][]string{{other}}
	_, err := n.typed().Dial(t.Context(), outbound.IMAP, "inner.example:143")
	refused := failed(t, err, outbound.AddressRefused)
	_, err = n.typed().Dial(t.Context(), outbound.IMAP, "away.example:143")
	away := failed(t, err, outbound.Unreachable)
	if refused.Public() != away.Public() || refused.Shown() != away.Shown() {
		t.Errorf("%q (%s) and %q (%s)", refused.Public(), refused.Shown(), away.Public(), away.Shown())
	}
	if !strings.Contains(refused.Error(), "10.11.12.13 is refused (private)") {
		t.Errorf("the log reads %q", refused)
	}
}
