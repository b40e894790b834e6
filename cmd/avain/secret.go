package main

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/avain-project/avain/internal/secret"
)

// A secret has no value on the command line, where every user of the machine could
// read it. A field of type secret.Text is a flag that names a file ("-" is standard
// input), and its tag secret:"NAME" names the variable that may hold the secret
// itself; NAME_FILE may name the file. Giving both variables is an error, since one
// of them would silently lose.

// secretTag is the tag that names the variable.
const secretTag = "secret"

// maxSecret bounds a file that holds a secret, in bytes.
const maxSecret = 64 << 10

// keptSecret is a secret with the file that it is kept in; path is empty where that is
// none that can be read again.
type keptSecret struct {
	secret.Text
	path string
}

// secretMapper reads the file that a flag names, or takes what secretResolver found.
func secretMapper(stdin io.Reader) kong.MapperFunc {
	return func(ctx *kong.DecodeContext, target reflect.Value) error {
		token, err := ctx.Scan.PopValue("path")
		if err != nil {
			return err
		}
		kept, resolved := token.Value.(keptSecret)
		if !resolved {
			path := fmt.Sprint(token.Value)
			if kept.Text, err = readSecret(path, stdin); err != nil {
				return fmt.Errorf("--%s: %w", ctx.Value.Name, err)
			}
			if path != "-" {
				kept.path = path
			}
		}
		if target.Type() == reflect.TypeFor[keptSecret]() {
			target.Set(reflect.ValueOf(kept))
		} else {
			target.Set(reflect.ValueOf(kept.Text))
		}
		return nil
	}
}

// secretResolver looks into the environment for the secrets that no flag gave.
func secretResolver() kong.ResolverFunc {
	return func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if !flag.Tag.Has(secretTag) {
			return nil, nil
		}
		t, found, err := secretFromEnvironment(flag.Tag.Get(secretTag))
		if err != nil || !found {
			return nil, err
		}
		return t, nil
	}
}

func secretFromEnvironment(name string) (kept keptSecret, found bool, err error) {
	bare, path := os.Getenv(name), os.Getenv(name+"_FILE")
	switch {
	case bare != "" && path != "":
		return keptSecret{}, false, usagef("%s and %s_FILE are both set: keep one of them", name, name)
	case bare != "":
		return keptSecret{Text: secret.New(bare)}, true, nil
	case path != "":
		t, err := readSecret(path, nil)
		if err != nil {
			return keptSecret{}, false, fmt.Errorf("%s_FILE: %w", name, err)
		}
		return keptSecret{t, path}, true, nil
	}
	return keptSecret{}, false, nil
}

// readSecret reads a file that holds one secret, and takes one line break off its
// end.
func readSecret(path string, stdin io.Reader) (secret.Text, error) {
	in := stdin
	if path != "-" || stdin == nil {
		file, err := os.Open(path)
		if err != nil {
			return secret.Text{}, usagef("read a secret: %w", err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxSecret+1))
	if err != nil {
		return secret.Text{}, fmt.Errorf("read a secret: %w", err)
	}
	if len(raw) > maxSecret {
		return secret.Text{}, usagef("%s is too large to hold a secret", path)
	}
	bare := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	if bare == "" {
		return secret.Text{}, usagef("%s holds no secret: it is empty", path)
	}
	return secret.New(bare), nil
}
