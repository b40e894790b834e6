package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// output prints what a command has to say: JSON where --json asks for it, else
// words and tables for people.
type output struct {
	std  streams
	json bool
}

// show prints v as JSON, or lets people print.
func (o output) show(v any, people func(w io.Writer)) error {
	if o.json {
		e := json.NewEncoder(o.std.out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(v); err != nil {
			return fmt.Errorf("print the answer: %w", err)
		}
		return nil
	}
	w := &remembering{w: o.std.out}
	people(w)
	if w.err != nil {
		return fmt.Errorf("print the answer: %w", w.err)
	}
	return nil
}

// remembering keeps the first error, so that printing code need not ask after each
// line.
type remembering struct {
	w   io.Writer
	err error
}

func (r *remembering) Write(p []byte) (int, error) {
	if r.err == nil {
		_, r.err = r.w.Write(p)
	}
	return len(p), nil
}

// table prints aligned columns; the first row is the head.
func table(w io.Writer, head []string, rows [][]string) {
	aligned := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		_, _ = fmt.Fprintln(aligned, strings.Join(row, "\t"))
	}
	_ = aligned.Flush() // remembering keeps the error
}

// field is one line of a list of properties; an empty value is left out.
type field struct{ name, value string }

func properties(w io.Writer, fields ...field) {
	aligned := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, f := range fields {
		if f.value != "" {
			_, _ = fmt.Fprintf(aligned, "%s\t%s\n", f.name, f.value)
		}
	}
	_ = aligned.Flush()
}

func printf(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// stamp writes a time for people; the zero time is "".
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// quoted makes one word of s for a POSIX shell.
func quoted(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./:@%+,=", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// texts turns words of any string type into strings; never nil, so that JSON has [].
func texts[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}
