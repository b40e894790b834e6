package ntlm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
)

const signature = "NTLMSSP\x00"

// Kinds of messages (MS-NLMP 2.2.1).
const (
	Negotiate    = 1
	challenge    = 2
	Authenticate = 3
)

// Flags of MS-NLMP 2.2.2.5 that the server sets or looks at.
const (
	flagUnicode          = 0x00000001
	flagOEM              = 0x00000002
	flagRequestTarget    = 0x00000004
	flagNTLM             = 0x00000200
	flagAlwaysSign       = 0x00008000
	flagTargetDomain     = 0x00010000
	flagExtendedSecurity = 0x00080000
	flagTargetInfo       = 0x00800000
	flag128              = 0x20000000
	flagKeyExchange      = 0x40000000
	flag56               = 0x80000000
)

// Kinds of AV pairs (MS-NLMP 2.2.2.1).
const (
	avEnd             = 0
	avComputer        = 1
	avDomain          = 2
	avDNSComputer     = 3
	avDNSDomain       = 4
	avFlags           = 6
	avTimestamp       = 7
	avChannelBindings = 10
)

// avFlagMIC in avFlags says that the Authenticate message is signed.
const avFlagMIC = 2

var errShort = errors.New("ntlm: the message is cut off")

// Kind tells which message it is; 0 for none of NTLM's.
func Kind(message []byte) int {
	if len(message) < 12 || !bytes.HasPrefix(message, []byte(signature)) {
		return 0
	}
	return int(binary.LittleEndian.Uint32(message[8:]))
}

// authenticate is an Authenticate message (MS-NLMP 2.2.1.3).
type authenticate struct {
	nt           []byte
	domain, user string
	sessionKey   []byte
	flags        uint32
}

func parseAuthenticate(message []byte) (authenticate, error) {
	var a authenticate
	if Kind(message) != Authenticate || len(message) < 64 {
		return a, errors.New("ntlm: not an Authenticate message")
	}
	a.flags = binary.LittleEndian.Uint32(message[60:])
	var domain, user []byte
	for _, field := range []struct {
		at int
		to *[]byte
	}{{20, &a.nt}, {28, &domain}, {36, &user}, {52, &a.sessionKey}} {
		length := int(binary.LittleEndian.Uint16(message[field.at:]))
		offset := int(binary.LittleEndian.Uint32(message[field.at+4:]))
		if length > 0 && (offset < 64 || offset+length > len(message)) {
			return a, errShort
		}
		if length > 0 {
			*field.to = message[offset : offset+length]
		}
	}
	if a.flags&flagUnicode == 0 {
		a.domain, a.user = string(domain), string(user) // of any code page, ASCII is what is sure
		return a, nil
	}
	var err error
	if a.domain, err = text(domain); err != nil {
		return a, err
	}
	a.user, err = text(user)
	return a, err
}

// pairs reads AV pairs until the one that ends them.
func pairs(raw []byte) (map[uint16][]byte, error) {
	found := map[uint16][]byte{}
	for {
		if len(raw) < 4 {
			return nil, errShort
		}
		id, length := binary.LittleEndian.Uint16(raw), int(binary.LittleEndian.Uint16(raw[2:]))
		if len(raw) < 4+length {
			return nil, errShort
		}
		if id == avEnd {
			return found, nil
		}
		found[id], raw = raw[4:4+length], raw[4+length:]
	}
}

func pair(id uint16, value []byte) []byte {
	head := binary.LittleEndian.AppendUint16(nil, id)
	return append(binary.LittleEndian.AppendUint16(head, uint16(len(value))), value...) //nolint:gosec // ours, and short
}

// unicode is UTF-16 without a mark, little end first.
func unicode(s string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return out
}

func text(raw []byte) (string, error) {
	if len(raw)%2 != 0 {
		return "", fmt.Errorf("ntlm: %d bytes are no UTF-16", len(raw))
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(raw[2*i:])
	}
	return string(utf16.Decode(units)), nil
}
