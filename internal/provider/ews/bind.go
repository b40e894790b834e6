package ews

import (
	"crypto"
	"crypto/md5" //nolint:gosec // NTLM's own
	"crypto/x509"
	"encoding/binary"
	"errors"
)

// An Exchange with Extended Protection lets a login in only where it names the
// certificate of the TLS connection that it came by ([MS-NLMP] §3.1.5.1.2,
// ClientChannelBindingsUnhashed): a stranger in between has another one. Others ignore it.

// Of the CHALLENGE_MESSAGE ([MS-NLMP] §2.2.1.2): where its TargetInfo stands, a list of
// AV_PAIRs.
const (
	targetInfoField = 40 // length, room for it (2 bytes each), offset (4)
	challengeLength = 48

	pairEnd            = 0
	pairChannelBinding = 10
)

// bound is the challenge with the binding among its target information, which the
// response repeats. A challenge without such information stays as it is.
func bound(challenge []byte, certificate *x509.Certificate) ([]byte, error) {
	if len(challenge) < challengeLength {
		return nil, errors.New("the challenge is too short")
	}
	field := challenge[targetInfoField:challengeLength]
	length, offset := int(binary.LittleEndian.Uint16(field)), int(binary.LittleEndian.Uint32(field[4:]))
	if length == 0 {
		return challenge, nil
	}
	if offset > len(challenge) || length > len(challenge)-offset {
		return nil, errors.New("the challenge names information beyond its end")
	}
	pairs, err := pairsBefore(challenge[offset : offset+length])
	if err != nil {
		return nil, err
	}
	pairs = binary.LittleEndian.AppendUint16(pairs, pairChannelBinding)
	binding := channelBinding(certificate)
	pairs = binary.LittleEndian.AppendUint16(pairs, uint16(len(binding)))
	pairs = append(pairs, binding...)
	pairs = append(pairs, pairEnd, 0, 0, 0)
	if len(pairs) > 0xffff {
		return nil, errors.New("the challenge is too long")
	}
	out := append([]byte(nil), challenge...)
	field = out[targetInfoField:challengeLength]
	binary.LittleEndian.PutUint16(field, uint16(len(pairs)))
	binary.LittleEndian.PutUint16(field[2:], uint16(len(pairs)))
	binary.LittleEndian.PutUint32(field[4:], uint32(len(out)))
	return append(out, pairs...), nil
}

// pairsBefore are the pairs but the one that ends them, and any binding that the server
// has put there.
func pairsBefore(list []byte) ([]byte, error) {
	var out []byte
	for len(list) >= 4 {
		id, length := binary.LittleEndian.Uint16(list), 4+int(binary.LittleEndian.Uint16(list[2:]))
		if id == pairEnd {
			return out, nil
		}
		if length > len(list) {
			break
		}
		if id != pairChannelBinding {
			out = append(out, list[:length]...)
		}
		list = list[length:]
	}
	return nil, errors.New("the challenge's information does not end")
}

// channelBinding is the MD5 of a gss_channel_bindings_struct with no addresses and the
// certificate's hash (RFC 2744 §3.11, RFC 5929 §4: tls-server-end-point).
func channelBinding(certificate *x509.Certificate) []byte {
	hash := crypto.SHA256
	switch certificate.SignatureAlgorithm {
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		hash = crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		hash = crypto.SHA512
	}
	h := hash.New()
	h.Write(certificate.Raw)
	data := append([]byte("tls-server-end-point:"), h.Sum(nil)...)
	unhashed := make([]byte, 16, 20+len(data)) // two address types with empty addresses
	unhashed = binary.LittleEndian.AppendUint32(unhashed, uint32(len(data)))
	sum := md5.Sum(append(unhashed, data...)) //nolint:gosec // NTLM's own
	return sum[:]
}
