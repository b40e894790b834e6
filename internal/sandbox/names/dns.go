package names

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// life of an answer in seconds.
const life = 60

// answer makes the answer to a query; none to what is no query.
func answer(query []byte) ([]byte, bool) {
	var parser dnsmessage.Parser
	header, err := parser.Start(query)
	if err != nil || header.Response {
		return nil, false
	}
	question, err := parser.Question()
	if err != nil {
		return nil, false
	}
	records, exists := look(question)
	reply := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: header.ID, Response: true, Authoritative: true, RecursionDesired: header.RecursionDesired, RecursionAvailable: true},
		Questions: []dnsmessage.Question{question},
	}
	if !exists {
		reply.RCode = dnsmessage.RCodeNameError
	}
	for _, r := range records {
		reply.Answers = append(reply.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: life}, Body: r,
		})
	}
	packed, err := reply.Pack()
	return packed, err == nil
}

// look gives the records of a name, and whether there is such a name at all.
func look(q dnsmessage.Question) (records []dnsmessage.ResourceBody, exists bool) {
	host := strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))
	if host == "localhost" {
		return address(q.Type, 1), true
	}
	d, below, ok := find(host)
	if !ok {
		return nil, false
	}
	if service, found := strings.CutSuffix(below, "._tcp"); found {
		service = strings.TrimPrefix(service, "_")
		target, have := d.srv[service]
		name, err := dnsmessage.NewName(target + ".")
		if !have || err != nil || q.Type != dnsmessage.TypeSRV {
			return nil, have
		}
		return []dnsmessage.ResourceBody{&dnsmessage.SRVResource{Priority: 10, Weight: 10, Port: ports()[service], Target: name}}, true
	}
	if q.Type == dnsmessage.TypeMX && below == "" && d.mx != "" {
		return []dnsmessage.ResourceBody{&dnsmessage.MXResource{Pref: 10, MX: dnsmessage.MustNewName(d.mx + ".")}}, true
	}
	if slices.Contains(d.hosts, below) {
		return address(q.Type, 1), true
	}
	if slices.Contains(d.company, below) {
		return address(q.Type, 2), true
	}
	return nil, below == ""
}

// address is 127.0.0.1, or .2; there is no IPv6 here.
func address(t dnsmessage.Type, last byte) []dnsmessage.ResourceBody {
	if t != dnsmessage.TypeA {
		return nil
	}
	return []dnsmessage.ResourceBody{&dnsmessage.AResource{A: [4]byte{127, 0, 0, last}}}
}

// serveUDP answers until the socket is closed.
func serveUDP(conn net.PacketConn) {
	buffer := make([]byte, 4<<10)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		if reply, ok := answer(buffer[:n]); ok {
			_, _ = conn.WriteTo(reply, from)
		}
	}
}

// serveTCP answers one query a connection, until the listener is closed.
func serveTCP(ctx context.Context, listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
			var size [2]byte
			if _, err := io.ReadFull(conn, size[:]); err != nil {
				return
			}
			query := make([]byte, binary.BigEndian.Uint16(size[:]))
			if _, err := io.ReadFull(conn, query); err != nil {
				return
			}
			if reply, ok := answer(query); ok {
				_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...))
			}
		}()
	}
}
