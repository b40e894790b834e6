package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"github.com/avain-project/avain/internal/secret"
)

// ageHeader begins every file of age, version 1 (age-encryption.org/v1).
const ageHeader = "age-encryption.org/v1\n"

// ErrNoIdentity says that the file is encrypted and nothing was given to open it with.
var ErrNoIdentity = errors.New("the file is encrypted by age, and no identity was given that opens it")

// Recipients reads the public keys that an export is encrypted to.
func Recipients(texts []string) ([]age.Recipient, error) {
	recipients, err := age.ParseRecipients(strings.NewReader(strings.Join(texts, "\n")))
	if err != nil {
		return nil, errors.New("a recipient is no public key of age: it begins with age1, and age-keygen -y prints it") // the cause may quote a secret one
	}
	return recipients, nil
}

// Encrypt makes a writer whose Close finishes the file.
func Encrypt(to io.Writer, recipients []age.Recipient) (io.WriteCloser, error) {
	w, err := age.Encrypt(to, recipients...)
	if err != nil {
		return nil, fmt.Errorf("encrypt the export: %w", err)
	}
	return w, nil
}

// Open reads a file of rows, encrypted by age or not. The identity is what age-keygen wrote.
func Open(from io.Reader, identity secret.Text) (io.Reader, error) {
	buffered := bufio.NewReader(from)
	head, err := buffered.Peek(len(ageHeader))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	if !bytes.Equal(head, []byte(ageHeader)) {
		return buffered, nil
	}
	if identity.IsZero() {
		return nil, ErrNoIdentity
	}
	identities, err := age.ParseIdentities(strings.NewReader(identity.Reveal()))
	if err != nil {
		return nil, errors.New("the identity is none of age: its line begins with AGE-SECRET-KEY-1") // the cause may quote it
	}
	opened, err := age.Decrypt(buffered, identities...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, errors.New("the identity does not open the file: it was encrypted to others")
	}
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	return opened, nil
}
