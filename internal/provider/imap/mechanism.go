package imap

import (
	"errors"
	"slices"

	"github.com/emersion/go-sasl"

	"github.com/avain-project/avain/internal/provider"
)

// preferred is the mechanism to use of those that a server offers, in upper case;
// nil where none takes a password as it is. The connection is encrypted by now.
func preferred(login provider.Login, offered []string) sasl.Client {
	switch {
	case slices.Contains(offered, sasl.Plain):
		return sasl.NewPlainClient("", login.Username, login.Password.Reveal())
	case slices.Contains(offered, sasl.Login):
		return &loginMechanism{answers: []string{login.Username, login.Password.Reveal()}}
	}
	return nil
}

// loginMechanism is SASL LOGIN (draft-murchison-sasl-login): the name, then the
// password. Servers word the two questions as they like ("User Name\x00"), so they
// are counted rather than read.
type loginMechanism struct{ answers []string }

func (*loginMechanism) Start() (mechanism string, first []byte, err error) {
	return sasl.Login, nil, nil
}

func (m *loginMechanism) Next([]byte) ([]byte, error) {
	if len(m.answers) == 0 {
		return nil, errors.New("the server asks for more than a name and a password")
	}
	answer := m.answers[0]
	m.answers = m.answers[1:]
	return []byte(answer), nil
}
