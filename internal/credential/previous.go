package credential

import (
	"errors"

	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

// askAgain asks with the refresh token that is held and, where that is refused as dead, once
// more with the one before. The credential that comes back has the token that was asked with
// last: what a merge keeps.
func askAgain(current held, ask func(provider.Tokens) (provider.Tokens, error)) (held, provider.Tokens, error) {
	answer, err := ask(current.tokens)
	if !dead(err) || current.previous.IsZero() {
		return current, answer, err
	}
	older := current
	older.tokens.Refresh, older.previous = current.previous, secret.Text{}
	var later *provider.Error
	answer, olderErr := ask(older.tokens)
	switch {
	case olderErr == nil:
		return older, answer, nil
	case errors.As(olderErr, &later) && later.Class == provider.Later:
		return current, answer, olderErr // it proves nothing yet
	}
	return current, provider.Tokens{}, err
}

// before is the refresh token to keep beside the one of renewed.
func before(info provider.Info, current, renewed held) secret.Text {
	switch {
	case !info.HonoursReplaced:
		return secret.Text{}
	case renewed.tokens.Refresh.Equal(current.tokens.Refresh):
		return current.previous
	}
	return current.tokens.Refresh
}
