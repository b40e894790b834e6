package ntlm

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // NTLM is made of it
	"crypto/rc4" //nolint:gosec // and of this
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"time"

	//lint:ignore SA1019 NTLM is made of it
	"golang.org/x/crypto/md4" //nolint:gosec // see above
)

// Challenge is one handshake: it is good for one answer on the connection on which it
// was sent.
type Challenge struct {
	negotiate []byte // the message that asked for it
	nonce     [8]byte
	message   []byte
}

// Server is who challenges.
type Server struct {
	Domain, DNSDomain string // "SANDBOX", "sandbox.test"
	Computer          string // "EXCH01"
	Now               func() time.Time
	Rand              io.Reader
}

// Challenge answers a Negotiate message.
func (s Server) Challenge(negotiate []byte) (*Challenge, error) {
	if Kind(negotiate) != Negotiate || len(negotiate) < 16 {
		return nil, errors.New("ntlm: not a Negotiate message")
	}
	asked := binary.LittleEndian.Uint32(negotiate[12:])
	c := &Challenge{negotiate: negotiate}
	if _, err := io.ReadFull(s.Rand, c.nonce[:]); err != nil {
		return nil, err
	}
	c.message = s.challenge(c.nonce, asked)
	return c, nil
}

// challenge writes MS-NLMP 2.2.1.2.
func (s Server) challenge(nonce [8]byte, asked uint32) []byte {
	flags := asked & (flagAlwaysSign | flagExtendedSecurity | flag128 | flag56 | flagKeyExchange)
	flags |= flagRequestTarget | flagNTLM | flagTargetDomain | flagTargetInfo
	name := unicode(s.Domain)
	if asked&flagUnicode != 0 {
		flags |= flagUnicode
	} else { // old clients say so, though they can
		flags |= flagOEM
		name = []byte(s.Domain)
	}
	var info []byte
	for _, p := range []struct {
		id    uint16
		value []byte
	}{
		{avDomain, unicode(s.Domain)},
		{avComputer, unicode(s.Computer)},
		{avDNSDomain, unicode(s.DNSDomain)},
		{avDNSComputer, unicode(strings.ToLower(s.Computer) + "." + s.DNSDomain)},
		{avTimestamp, filetime(s.Now())},
		{avEnd, nil},
	} {
		info = append(info, pair(p.id, p.value)...)
	}
	const head = 56
	out := append([]byte(signature), challenge, 0, 0, 0)
	out = field(out, len(name), head)
	out = binary.LittleEndian.AppendUint32(out, flags)
	out = append(out, nonce[:]...)
	out = append(out, make([]byte, 8)...)
	out = field(out, len(info), head+len(name))
	out = append(out, 10, 0, 0x63, 0x45, 0, 0, 0, 15) // Windows Server 2019
	return append(append(out, name...), info...)
}

// field says how long a part of the message is, and where it begins.
func field(out []byte, length, offset int) []byte {
	out = binary.LittleEndian.AppendUint16(out, uint16(length))  //nolint:gosec // ours, and short
	out = binary.LittleEndian.AppendUint16(out, uint16(length))  //nolint:gosec // see above
	return binary.LittleEndian.AppendUint32(out, uint32(offset)) //nolint:gosec // see above
}

// filetime counts tenths of microseconds since 1601.
func filetime(t time.Time) []byte {
	const until1970 = 11644473600
	return binary.LittleEndian.AppendUint64(nil, uint64((t.Unix()+until1970)*1e7)) //nolint:gosec // after 1601
}

// Message is what goes to the client.
func (c *Challenge) Message() []byte { return c.message }

// Claim is who an Authenticate message says it is from. Nothing is proven yet.
type Claim struct {
	Domain, User string // as sent; a UPN comes as the user, without a domain

	message []byte
	parts   authenticate
}

// Read reads an Authenticate message.
func Read(message []byte) (Claim, error) {
	parts, err := parseAuthenticate(message)
	return Claim{Domain: parts.domain, User: parts.user, message: message, parts: parts}, err
}

// Verify tells whether the answer was made of that password. binding is what the answer
// must be bound to ([TLSBinding]), or nil where any will do.
func (c *Challenge) Verify(claim Claim, password string, binding []byte) error {
	const proofLength, blobHead = 16, 28
	nt := claim.parts.nt
	if len(nt) < proofLength+blobHead+4 {
		return errors.New("ntlm: not an NTLMv2 answer")
	}
	blob := nt[proofLength:]
	key := sum(hashed(password), unicode(strings.ToUpper(claim.User)+claim.Domain))
	proof := sum(key, c.nonce[:], blob)
	if !hmac.Equal(proof, nt[:proofLength]) {
		return errors.New("ntlm: the password is wrong")
	}
	info, err := pairs(blob[blobHead:])
	if err != nil {
		return err
	}
	if binding != nil && !hmac.Equal(info[avChannelBindings], binding) {
		return errors.New("ntlm: the answer is not bound to this TLS connection")
	}
	if flags := info[avFlags]; len(flags) == 4 && binary.LittleEndian.Uint32(flags)&avFlagMIC != 0 {
		return c.signed(claim, sum(key, proof))
	}
	return nil
}

// signed checks the MIC over all three messages (MS-NLMP 3.2.5.1.2).
func (c *Challenge) signed(claim Claim, key []byte) error {
	const at, length = 72, 16
	if claim.parts.flags&flagKeyExchange != 0 {
		if len(claim.parts.sessionKey) != length {
			return errShort
		}
		cipher, err := rc4.NewCipher(key)
		if err != nil {
			return err
		}
		key = make([]byte, length)
		cipher.XORKeyStream(key, claim.parts.sessionKey)
	}
	if len(claim.message) < at+length {
		return errShort
	}
	unsigned := append([]byte(nil), claim.message...)
	clear(unsigned[at : at+length])
	if !hmac.Equal(sum(key, c.negotiate, c.message, unsigned), claim.message[at:at+length]) {
		return errors.New("ntlm: the messages were changed on their way")
	}
	return nil
}

// TLSBinding is the channel binding of a connection whose server shows a certificate
// with that hash (RFC 5929 tls-server-end-point, in the form of RFC 2744 3.11).
func TLSBinding(certificateHash []byte) []byte {
	data := append([]byte("tls-server-end-point:"), certificateHash...)
	bindings := append(make([]byte, 16), binary.LittleEndian.AppendUint32(nil, uint32(len(data)))...) //nolint:gosec // short
	digest := md5.Sum(append(bindings, data...))                                                      //nolint:gosec // see above
	return digest[:]
}

// hashed is the form in which a directory keeps a password.
func hashed(password string) []byte {
	h := md4.New()
	_, _ = h.Write(unicode(password))
	return h.Sum(nil)
}

func sum(key []byte, parts ...[]byte) []byte {
	h := hmac.New(md5.New, key)
	for _, p := range parts {
		_, _ = h.Write(p)
	}
	return h.Sum(nil)
}
