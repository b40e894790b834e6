package docgen

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/avain-project/avain/internal/api"
	"github.com/avain-project/avain/internal/fault"
)

const generated = "<!-- Written by go generate ./... : change the code instead. -->\n\n"

// SecretTag is the field tag that names the variable of a setting that is secret.
const SecretTag = "secret"

// Commands is the page of all commands.
func Commands(model *kong.Application) []byte {
	var b bytes.Buffer
	b.WriteString(generated + "# Commands\n\n")
	b.WriteString("Exit codes: 0 done, 1 failed, 2 wrong use. The answer is on standard output, errors and logs on standard error; ")
	b.WriteString("with `--json` the answer is JSON. Secrets are never given on the command line: a flag names the file that holds one, and `-` is standard input.\n\n")
	b.WriteString("Every command takes:\n\n")
	writeFlags(&b, model.Flags)
	for _, command := range model.Leaves(true) {
		fmt.Fprintf(&b, "\n## avain %s\n\n```\n%s\n```\n\n%s\n", command.Path(), usage(command), command.Help)
		if command.Detail != "" {
			fmt.Fprintf(&b, "\n%s\n", command.Detail)
		}
		if len(command.Positional) > 0 {
			b.WriteString("\n| Argument | Meaning |\n|---|---|\n")
			for _, p := range command.Positional {
				fmt.Fprintf(&b, "| `%s` | %s |\n", p.Name, cell(p.Help))
			}
		}
		if visible := shown(command.Flags); len(visible) > 0 {
			b.WriteString("\n")
			writeFlags(&b, visible)
		}
	}
	return b.Bytes()
}

// usage is the command's line without the flags that every command takes.
func usage(command *kong.Node) string {
	words := []string{"avain", command.Path()}
	for _, p := range command.Positional {
		words = append(words, p.Summary())
	}
	for _, f := range shown(command.Flags) {
		if f.Required {
			words = append(words, flagText(f))
		}
	}
	if slices.ContainsFunc(shown(command.Flags), func(f *kong.Flag) bool { return !f.Required }) {
		words = append(words, "[flags]")
	}
	return strings.Join(words, " ")
}

// shown leaves --help out, which stands on every command.
func shown(flags []*kong.Flag) []*kong.Flag {
	return slices.DeleteFunc(slices.Clone(flags), func(f *kong.Flag) bool { return f.Hidden || f.Name == "help" })
}

func writeFlags(b *bytes.Buffer, flags []*kong.Flag) {
	b.WriteString("| Flag | Default | Meaning |\n|---|---|---|\n")
	for _, f := range shown(flags) {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", flagText(f), defaultText(f), cell(f.Help))
	}
}

func flagText(f *kong.Flag) string {
	text := "--" + f.Name
	if f.Tag.Negatable != "" {
		text = "--[no-]" + f.Name
	}
	if f.Short != 0 {
		text = "-" + string(f.Short) + ", " + text
	}
	if f.IsBool() {
		return text
	}
	return text + " " + f.PlaceHolder
}

func defaultText(f *kong.Flag) string {
	if f.Default == "" {
		return ""
	}
	return "`" + f.Default + "`"
}

// Settings is the page of everything that the environment can set.
func Settings(model *kong.Application) []byte {
	var b bytes.Buffer
	b.WriteString(generated + "# Settings\n\n")
	b.WriteString("A flag wins over its variable. A secret has no flag with its value: `NAME` holds the secret itself, `NAME_FILE` names a file that holds it ")
	b.WriteString("(one line break at its end is dropped), and setting both is an error (exit code 2).\n\n")
	b.WriteString("| Variable | Flag | Default | Commands | Meaning |\n|---|---|---|---|---|\n")
	for _, s := range settingsOf(model) {
		fmt.Fprintf(&b, "| `%s` | `--%s` | %s | %s | %s |\n",
			strings.Join(s.variables, "`, `"), s.flag.Name, defaultText(s.flag), s.where(), cell(s.flag.Help))
	}
	return b.Bytes()
}

// setting is a flag that the environment can set, and the commands that take it.
type setting struct {
	flag      *kong.Flag
	variables []string
	commands  []string // none: all
}

func (s *setting) where() string {
	if len(s.commands) == 0 {
		return "all"
	}
	return "`" + strings.Join(s.commands, "`, `") + "`"
}

// settingsOf lists the settings in the order of the command line, each once.
func settingsOf(model *kong.Application) []*setting {
	var list []*setting
	byVariable := map[string]*setting{}
	add := func(f *kong.Flag, commands ...string) {
		variables := variablesOf(f)
		if len(variables) == 0 || f.Hidden {
			return
		}
		known := byVariable[variables[0]]
		if known == nil {
			known = &setting{flag: f, variables: variables}
			byVariable[variables[0]] = known
			list = append(list, known)
		}
		known.commands = append(known.commands, commands...)
	}
	for _, f := range model.Flags {
		add(f)
	}
	for _, command := range model.Leaves(true) {
		for _, f := range command.Flags {
			add(f, command.Path())
		}
	}
	return list
}

func variablesOf(f *kong.Flag) []string {
	if name := f.Tag.Get(SecretTag); name != "" {
		return []string{name, name + "_FILE"}
	}
	return f.Tag.Envs
}

// Errors is the page of every error code that a caller can meet.
func Errors() []byte {
	var b bytes.Buffer
	b.WriteString(generated + "# Error codes\n\n")
	b.WriteString("Codes are part of the contract: they are never renamed. The text is for people and may become better. ")
	b.WriteString("The status is that of our own answer; once the return URL is proven, the flow's errors go back there as `?status=error&error=CODE&details=TEXT`.\n\n")
	b.WriteString("| Code | Status | Comes | Text |\n|---|---|---|---|\n")
	for _, e := range fault.Catalogue() {
		fmt.Fprintf(&b, "| `%s` | %d | %s | %s |\n", e.Code, api.Status(e.Kind), cell(e.When), cell(e.Text))
	}
	return b.Bytes()
}

// cell keeps a text inside its cell of a table.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;").Replace(s)
}
