package outbound

import (
	"net"
	"net/netip"
	"testing"
)

// The socket is judged by itself: were a name's address judged wrongly, or another one
// dialled than was judged, the connection still does not come about.
func TestTheSocketsAddressIsJudged(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	to := netip.MustParseAddrPort(listener.Addr().String())
	if _, err := NewTyped(TypedConfig{}).connect(t.Context(), to); err == nil || reason(err) != AddressRefused {
		t.Errorf("a connection to loopback: %v", err)
	}
	allowed := NewTyped(TypedConfig{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	c, err := allowed.connect(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

// A proxy would resolve the name itself. The environment's settings are read once a
// process, so that no test could set them.
func TestTheClientHasNoProxy(t *testing.T) {
	t.Parallel()
	if NewTyped(TypedConfig{}).Client().Transport.(httpsOnly).Proxy != nil {
		t.Error("there is a proxy")
	}
}
