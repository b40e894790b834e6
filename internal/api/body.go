package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/avain-project/avain/internal/fault"
)

// maxDepth is how deep a body may be nested: no request of the contract needs half of it.
const maxDepth = 16

// readObject reads a body that is one JSON object. Members that into does not have are
// ignored; one of another type is a fault that names it. null counts as absent.
func readObject(r *http.Request, into any) error {
	body, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return err
	case err != nil:
		return fault.New(fault.BodyInvalid, "It broke off.")
	case !utf8.Valid(body):
		return fault.New(fault.BodyInvalid, "It is not in UTF-8.")
	}
	if err := checkShape(body); err != nil {
		return err
	}
	return decode(body, "the body", into)
}

// decode reads JSON into a Go value; whole is what a fault calls it where no member is to blame.
func decode(body []byte, whole string, into any) error {
	err := json.Unmarshal(body, into)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return fault.Newf(fault.ParameterInvalid, "It is %s: %s, and not %s.", cmp.Or(wrong.Field, whole), kindOf(wrong.Type), articled(wrong.Value))
	case err != nil: // the text may quote a secret
		return fault.New(fault.BodyInvalid, "It is no JSON.")
	}
	return nil
}

// checkShape lets one object through whose members each come once, in one spelling (as
// encoding/json has it: "ſ" is an s), and that is not too deep.
func checkShape(body []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	depth, name := 0, true // name: a member's name comes next, at the top
	seen := map[string]bool{}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && depth == 0 && len(body) > 0 {
			return nil
		}
		if err != nil {
			return fault.New(fault.BodyInvalid, "It is no JSON.")
		}
		delim, isDelim := token.(json.Delim)
		switch {
		case isDelim && (delim == '{' || delim == '['):
			if depth++; depth > maxDepth {
				return fault.Newf(fault.BodyInvalid, "It is nested more than %d deep.", maxDepth)
			}
			if depth == 1 && delim != '{' {
				return fault.New(fault.BodyInvalid, "It is no JSON object.")
			}
			continue
		case isDelim:
			if depth--; depth == 0 && decoder.More() {
				return fault.New(fault.BodyInvalid, "There is more behind the object.")
			}
		case depth == 0:
			return fault.New(fault.BodyInvalid, "It is no JSON object.")
		}
		if depth != 1 {
			continue
		}
		if text, ok := token.(string); ok && name {
			if folded := strings.ToUpper(strings.ToLower(text)); seen[folded] {
				return fault.Newf(fault.BodyInvalid, "%s is there twice.", presentable(text))
			} else {
				seen[folded] = true
			}
			name = false
			continue
		}
		name = true
	}
}

// presentable is somebody's text as a message can quote it.
func presentable(text string) string { return fmt.Sprintf("%.64q", text) }

// kindOf is a Go type in JSON's words.
func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "a number"
}

// articled is what encoding/json calls a value that came: "number", "object", "number 1e999".
func articled(value string) string {
	word, _, _ := strings.Cut(value, " ")
	switch word {
	case "array", "object":
		return "an " + word
	case "bool":
		return "true or false"
	}
	return "a " + word
}

// bounded checks a text of a request: its length in bytes, and that it has no control characters.
func bounded(name, value string, most int) error {
	switch {
	case len(value) > most:
		return fault.Newf(fault.ParameterTooLong, "It is %s; at most %d bytes.", name, most)
	case strings.ContainsFunc(value, unicode.IsControl):
		return fault.Newf(fault.ParameterInvalid, "It is %s; it has line breaks or other control characters.", name)
	}
	return nil
}
