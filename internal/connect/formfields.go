package connect

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

// maxFieldValue bounds each field of a sign-in form, in bytes: names and passwords stay
// far below, and servers take no longer ones.
const maxFieldValue = 1024

// readForm reads the fields that were asked for, and no others. typed are the fields to
// show again, with all that was typed but the password. err is what is wrong first, at
// the field of that name.
func readForm(fields []provider.Field, values url.Values) (form provider.Form, typed []provider.Field, wrong string, err error) {
	form.Values = map[string]string{}
	for _, f := range fields {
		value := values.Get(f.Name)
		if f.Kind != provider.FieldPassword { // a space may belong to a password
			value = strings.TrimSpace(value)
		}
		if trouble := checkField(f, value, len(values[f.Name])); trouble != nil && err == nil {
			wrong, err = f.Name, trouble
		}
		if f.Kind == provider.FieldPassword {
			form.Password = secret.New(value)
			f.Value = ""
		} else {
			form.Values[f.Name] = value
			f.Value = presentable(value)
		}
		typed = append(typed, f)
	}
	return form, typed, wrong, err
}

func checkField(f provider.Field, value string, times int) error {
	switch {
	case times > 1:
		return fault.New(fault.FieldInvalid, "It came twice.")
	case value == "" && f.Required:
		return fault.New(fault.FieldMissing, "")
	case len(value) > maxFieldValue:
		return fault.Newf(fault.FieldTooLong, "At most %d bytes.", maxFieldValue)
	case !utf8.ValidString(value), strings.ContainsFunc(value, unicode.IsControl):
		return fault.New(fault.FieldInvalid, "Line breaks and control characters are not taken.")
	}
	return checkKind(f.Kind, value)
}

// checkKind checks what the page lets people choose or count; the rest is the driver's
// to read.
func checkKind(kind provider.FieldKind, value string) error {
	if value == "" {
		return nil
	}
	switch kind {
	case provider.FieldPort:
		if n, err := strconv.ParseUint(value, 10, 16); err != nil || n == 0 {
			return fault.New(fault.FieldInvalid, "A port is a number from 1 to 65535.")
		}
	case provider.FieldSecurity:
		for _, s := range provider.Securities() {
			if value == string(s) {
				return nil
			}
		}
		return fault.New(fault.FieldInvalid, "Choose one of the list.")
	}
	return nil
}

// presentable is a value as a page can hold it.
func presentable(value string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(value, ""))
}
