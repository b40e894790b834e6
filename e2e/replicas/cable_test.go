package replicas_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// cable is the line between one server and its database.
type cable struct {
	t     testing.TB
	proxy *toxiproxy.Proxy
}

func newCable(t testing.TB, name, to string) *cable {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	c := &cable{t, toxiproxy.NewProxy(server, name, "127.0.0.1:0", to)}
	if err := c.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.proxy.Stop)
	return c
}

// address is where the server finds its database, host:port.
func (c *cable) address() string { return c.proxy.Listen }

// toxic does something to what goes over the line, as toxiproxy names it.
type toxic struct {
	Type       string         `json:"type"`
	Stream     string         `json:"stream,omitempty"` // downstream, unless it says upstream
	Attributes map[string]int `json:"attributes"`
}

// suffer adds toxics.
func (c *cable) suffer(toxics ...toxic) {
	c.t.Helper()
	for _, x := range toxics {
		text, err := json.Marshal(x)
		if err != nil {
			c.t.Fatal(err)
		}
		if _, err := c.proxy.Toxics.AddToxicJson(bytes.NewReader(text)); err != nil {
			c.t.Fatalf("%s: %v", text, err)
		}
	}
}

// heal takes all toxics away.
func (c *cable) heal() { c.proxy.Toxics.ResetToxics(context.Background()) }

// cut takes the line down, with all that is on it; mend lays it again.
func (c *cable) cut() { c.proxy.Stop() }

func (c *cable) mend() {
	c.t.Helper()
	if err := c.proxy.Start(); err != nil {
		c.t.Fatal(err)
	}
}
