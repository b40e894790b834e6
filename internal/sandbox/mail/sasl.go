package mail

import "github.com/emersion/go-sasl"

// saslServer answers one of the two mechanisms that send a password as it is.
func saslServer(mechanism string, login func(username, password string) error) (sasl.Server, bool) {
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, username, password string) error { return login(username, password) }), true
	case sasl.Login:
		return &loginServer{login: login}, true
	}
	return nil, false
}

// loginServer is SASL LOGIN: it asks for the name, then for the password.
type loginServer struct {
	login    func(username, password string) error
	username string
	asked    int
}

// Next implements sasl.Server.
func (s *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if s.asked == 0 && response != nil { // the name came with the command
		s.asked = 1
	}
	s.asked++
	switch s.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		s.username = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, s.login(s.username, string(response))
}
