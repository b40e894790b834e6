package ntlm

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
)

// What a NegTokenResp says of the negotiation (RFC 4178 4.2.2).
const (
	accepted   = 0
	incomplete = 1
	rejected   = 2
)

// Object identifiers cannot be constants.
func spnegoOID() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 2} }

func ntlmOID() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 2, 10} }

// initToken is RFC 4178's NegTokenInit; what is behind mechToken does not matter here.
type initToken struct {
	Mechanisms []asn1.ObjectIdentifier `asn1:"explicit,tag:0"`
	Flags      asn1.BitString          `asn1:"explicit,optional,tag:1"`
	Token      []byte                  `asn1:"explicit,optional,tag:2"`
	MIC        []byte                  `asn1:"explicit,optional,tag:3"`
}

// respToken is RFC 4178's NegTokenResp.
type respToken struct {
	State     asn1.Enumerated       `asn1:"explicit,tag:0"`
	Mechanism asn1.ObjectIdentifier `asn1:"explicit,optional,tag:1"`
	Token     []byte                `asn1:"explicit,optional,tag:2"`
	MIC       []byte                `asn1:"explicit,optional,tag:3"`
}

// anyRespToken is one from a client, which may leave out everything.
type anyRespToken struct {
	State     asn1.Enumerated       `asn1:"explicit,optional,tag:0"`
	Mechanism asn1.ObjectIdentifier `asn1:"explicit,optional,tag:1"`
	Token     []byte                `asn1:"explicit,optional,tag:2"`
	MIC       []byte                `asn1:"explicit,optional,tag:3"`
}

// Unwrap takes NTLM's message out of a token of SPNEGO. It is empty where the client
// prefers another mechanism and must be told to take NTLM ([Wrap] with no message).
func Unwrap(token []byte) ([]byte, error) {
	var outer asn1.RawValue
	if _, err := asn1.Unmarshal(token, &outer); err != nil {
		return nil, fmt.Errorf("spnego: %w", err)
	}
	switch {
	case outer.Class == asn1.ClassApplication && outer.Tag == 0:
		return first(outer.Bytes)
	case outer.Class == asn1.ClassContextSpecific && outer.Tag == 1:
		var resp anyRespToken
		if _, err := asn1.Unmarshal(outer.Bytes, &resp); err != nil {
			return nil, fmt.Errorf("spnego: %w", err)
		}
		return resp.Token, nil
	}
	return nil, errors.New("spnego: neither the first token of a negotiation nor a later one")
}

// first reads an InitialContextToken (RFC 2743 3.1), whose tag is off.
func first(raw []byte) ([]byte, error) {
	var oid asn1.ObjectIdentifier
	rest, err := asn1.Unmarshal(raw, &oid)
	if err != nil {
		return nil, fmt.Errorf("spnego: %w", err)
	}
	if !oid.Equal(spnegoOID()) {
		return nil, fmt.Errorf("spnego: the token is of %v", oid)
	}
	var wrapped asn1.RawValue
	if _, err := asn1.Unmarshal(rest, &wrapped); err != nil {
		return nil, fmt.Errorf("spnego: %w", err)
	}
	var init initToken
	if _, err := asn1.Unmarshal(wrapped.Bytes, &init); err != nil {
		return nil, fmt.Errorf("spnego: %w", err)
	}
	at := slices.IndexFunc(init.Mechanisms, ntlmOID().Equal)
	switch {
	case at < 0:
		return nil, errors.New("spnego: the client does not offer NTLM")
	case at > 0:
		return nil, nil // the token is of the mechanism it likes best
	}
	return init.Token, nil
}

// Wrap makes the token that goes back to the client: with a challenge, with nothing
// but the wish for NTLM, or at the end.
func Wrap(message []byte, done bool) ([]byte, error) {
	state := respToken{State: incomplete, Mechanism: ntlmOID(), Token: message}
	if done {
		state = respToken{State: accepted}
	}
	return wrap(state)
}

// Reject is the token that ends a negotiation with a no.
func Reject() ([]byte, error) { return wrap(respToken{State: rejected}) }

func wrap(r respToken) ([]byte, error) {
	inner, err := asn1.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("spnego: %w", err)
	}
	return asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: inner})
}
