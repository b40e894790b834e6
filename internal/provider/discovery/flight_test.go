package discovery_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider/discovery"
)

func TestOneSearchForAllWhoAskAtATime(t *testing.T) {
	t.Parallel()
	in(t, func(w *world) {
		release := make(chan struct{})
		w.mx["example.com"] = []string{"mx.example.com."}
		w.site("https://autoconfig.example.com", func(out http.ResponseWriter, _ *http.Request) {
			<-release
			_, _ = io.WriteString(out, autoconfig("mx7.example.com", "mx8.example.com"))
		})
		w.greets("mx7.example.com:993", "mx8.example.com:465")
		d := w.discovery()
		impatient, leave := context.WithCancel(w.t.Context())
		var group sync.WaitGroup
		for i := range 5 {
			ctx := w.t.Context()
			if i == 0 {
				ctx = impatient
			}
			group.Go(func() {
				if found, err := d.Mail(ctx, "example.com"); (err != nil) != (i == 0) || (found.Trust == discovery.Settings) == (i == 0) || (i == 0 && !errors.Is(err, context.Canceled)) {
					w.t.Errorf("caller %d: %v", i, err)
				}
			})
			synctest.Wait() // the first begins the search
		}
		synctest.Wait()
		leave() // who leaves takes nothing from the others
		synctest.Wait()
		close(release)
		group.Wait()
		if asked := w.asked(); len(slices.DeleteFunc(asked, func(line string) bool { return line != "MX example.com." })) != 1 {
			w.t.Errorf("asked %q", w.asked())
		}
	})
}

func TestAnAnswerIsKeptForAWhile(t *testing.T) {
	t.Parallel()
	in(t, func(w *world) {
		d := w.discovery()
		searches := func() (n int) {
			for _, line := range w.asked() {
				if strings.HasPrefix(line, "MX ") {
					n++
				}
			}
			return n
		}
		find := func(want int) {
			w.t.Helper()
			if _, err := d.Mail(w.t.Context(), "example.com"); err != nil || searches() != want {
				w.t.Errorf("%d searches, want %d (%v)", searches(), want, err)
			}
		}
		find(1)
		find(2) // nothing is not kept
		w.mx["example.com"] = []string{"aspmx.l.google.com."}
		find(3)
		find(3)
		time.Sleep(3 * time.Minute)
		find(4)
	})
}

func TestExchangeAlone(t *testing.T) {
	t.Parallel()
	in(t, func(w *world) {
		w.mx["example.com"] = []string{"aspmx.l.google.com."}
		w.srv["_autodiscover._tcp.example.com"] = record("mail.example.com.", 8443)
		w.at("mail.example.com", "93.184.216.200")
		w.site("https://autodiscover.example.com", exchange)
		found, err := w.discovery().Exchange(w.t.Context(), "example.com")
		if err != nil || found.Service != account.EWS || found.Trust != discovery.ExchangeOwn || found.Autodiscover.String() != "https://autodiscover.example.com/autodiscover/autodiscover.xml" {
			w.t.Errorf("%+v, %v", found, err)
		}
		for _, line := range w.asked() {
			if strings.HasPrefix(line, "MX") || strings.Contains(line, "config") {
				w.t.Errorf("asked %q", line)
			}
		}
	})
}

// Domains whose servers never answer take their own searches' connections alone: who asks
// for such a domain again and again keeps nobody else from a server.
func TestSlowDomainsLeaveRoomForOthers(t *testing.T) {
	t.Parallel()
	in(t, func(w *world) {
		var entries strings.Builder
		for i := range 4 {
			host := fmt.Sprintf("tarpit%d.test", i)
			entries.WriteString(server("incomingServer", "imap", host, "993", "SSL", "password-cleartext") + server("outgoingServer", "smtp", host, "465", "SSL", "password-cleartext"))
			w.mail[host+":993"], w.mail[host+":465"] = false, false
		}
		file := `<clientConfig><emailProvider>` + entries.String() + `</emailProvider></clientConfig>`
		d := w.discovery()
		var group sync.WaitGroup
		for i := range 3 {
			domain := fmt.Sprintf("evil%d.test", i)
			w.settings("https://"+domain+"/.well-known/autoconfig/mail/config-v1.1.xml", file)
			w.settings("https://autoconfig."+domain+"/mail/config-v1.1.xml", file)
			w.settings("http://autoconfig."+domain+"/mail/config-v1.1.xml", file)
			w.srv["_imaps._tcp."+domain] = record("tarpit0.test.", 993)
		}
		w.settings(ownFile, autoconfig("mx7.example.com", "mx8.example.com"))
		w.greets("mx7.example.com:993", "mx8.example.com:465")
		for i := range 3 {
			group.Go(func() { _, _ = d.Mail(w.t.Context(), fmt.Sprintf("evil%d.test", i)) })
		}
		synctest.Wait()
		start := time.Now()
		found, err := d.Mail(w.t.Context(), "example.com")
		if err != nil || found.Trust != discovery.Settings || time.Since(start) > time.Second {
			w.t.Errorf("after %v: %+v, %v", time.Since(start), found, err)
		}
		group.Wait()
	})
}
