package docgen_test

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/avain-project/avain/internal/docgen"
	"github.com/avain-project/avain/internal/fault"
)

type line struct {
	Dir   string `env:"X_DIR" default:"here" placeholder:"DIR" help:"The folder."`
	Start struct {
		Port  string `env:"X_PORT" required:"" placeholder:"PORT" help:"a|b"`
		Token string `name:"token-file" secret:"X_TOKEN" placeholder:"PATH" help:"The token."`
		Quick *bool  `negatable:"" help:"Faster."`
		Deep  bool   `hidden:""`
		Name  string `arg:"" help:"What to start."`
	} `cmd:"" help:"Start it."`
	Stop struct {
		Port string `env:"X_PORT" placeholder:"PORT" help:"a|b"`
	} `cmd:"" help:"Stop it."`
}

func model(t *testing.T) *kong.Application {
	t.Helper()
	parser, err := kong.New(new(line), kong.Name("x"))
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model
}

func contains(t *testing.T, page []byte, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(string(page), want) {
			t.Errorf("%q is missing in:\n%s", want, page)
		}
	}
}

func TestCommandsShowsArgumentsAndFlags(t *testing.T) {
	t.Parallel()
	page := docgen.Commands(model(t))
	contains(
		t, page,
		"avain start <name> --port PORT [flags]\n", "| `--port PORT` |  | a\\|b |", "| `--[no-]quick` |", "| `name` | What to start. |",
		"| `--dir DIR` | `here` | The folder. |", "## avain stop\n",
	)
	if strings.Contains(string(page), "deep") || strings.Contains(string(page), "--help`") {
		t.Error("a hidden flag is shown, or --help on each command")
	}
}

func TestSettingsNamesEachVariableOnce(t *testing.T) {
	t.Parallel()
	page := docgen.Settings(model(t))
	contains(
		t, page,
		"| `X_DIR` | `--dir` | `here` | all | The folder. |",
		"| `X_PORT` | `--port` |  | `start`, `stop` |", "| `X_TOKEN`, `X_TOKEN_FILE` | `--token-file` |",
	)
	if strings.Count(string(page), "X_PORT") != 1 {
		t.Error("a setting that two commands take has two lines")
	}
}

func TestErrorsHasEveryCode(t *testing.T) {
	t.Parallel()
	page := docgen.Errors()
	for _, e := range fault.Catalogue() {
		contains(t, page, "| `"+string(e.Code)+"` |")
	}
}
