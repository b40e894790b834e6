package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"reflect"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/secret"
)

// commands is the command line. docs/reference is generated from it.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the server."`
	Demo    demoCommand    `cmd:"" help:"Run a server, a sandbox provider and a sample application, to try Avain out."`
	Sandbox sandboxCommand `cmd:"" help:"Run the sandbox providers alone."`

	App          appCommands          `cmd:"" help:"Applications: what holds a client id and connects accounts."`
	Registration registrationCommands `cmd:"" help:"Registrations: an application's OAuth clients at the providers."`
	Apply        applyCommand         `cmd:"" help:"Bring applications and registrations to what a file says."`
	Account      accountCommands      `cmd:"" help:"Accounts that people have connected."`
	Webhook      webhookCommands      `cmd:"" help:"Events on their way to applications' webhooks."`

	Import importCommand `cmd:"" help:"Bring accounts in from another system's file."`
	Export exportCommand `cmd:"" help:"Bring accounts out, encrypted."`

	Key     keyCommands     `cmd:"" help:"The key that seals everything secret in the database."`
	Backup  backupCommand   `cmd:"" help:"Copy the database while the server runs."`
	Migrate migrateCommands `cmd:"" help:"The database schema."`
	Doctor  doctorCommand   `cmd:"" help:"Check settings and registrations; print the redirect URIs to register."`
	Audit   auditCommand    `cmd:"" help:"List the newest events of the audit trail."`
	Version versionCommand  `cmd:"" help:"Print the version."`

	settings
}

// streams are the process's own.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// run runs one command and returns the exit code.
func run(args []string, std streams) int {
	ctx, stop := untilSignal()
	defer stop()
	var c commands
	parser, err := newParser(&c, std)
	if err != nil {
		_, _ = fmt.Fprintln(std.err, "avain:", err)
		return exitFailed
	}
	chosen, err := parser.Parse(args)
	if err == nil {
		chosen.BindTo(ctx, (*context.Context)(nil))
		err = chosen.Run(&c.settings, output{std: std, json: c.JSON})
	}
	return report(std.err, err)
}

// untilSignal ends its context with the first SIGINT or SIGTERM, which asks for an
// orderly end. A second one, however soon, has its way at once.
func untilSignal() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals, done := make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		for asked := false; ; asked = true {
			select {
			case <-done:
				return
			case s := <-signals:
				if asked {
					endBy(s)
				}
				cancel()
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}

// endBy ends the process as the signal would have, had nobody caught it.
func endBy(s os.Signal) {
	signal.Reset(s)
	self, err := os.FindProcess(os.Getpid())
	if err != nil || self.Signal(s) != nil {
		os.Exit(exitFailed)
	}
}

func newParser(c *commands, std streams) (*kong.Kong, error) {
	return kong.New(
		c,
		kong.Name("avain"),
		kong.Description("Avain connects the accounts of an application's users at any provider through one flow, and lets the application act for them with one token."),
		kong.Vars{"dataDir": defaultDataDir},
		kong.Writers(std.out, std.err),
		kong.TypeMapper(reflect.TypeFor[secret.Text](), secretMapper(std.in)),
		kong.TypeMapper(reflect.TypeFor[keptSecret](), secretMapper(std.in)),
		kong.Resolvers(secretResolver()),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.ValueFormatter(explain),
	)
}

// explain adds the variables that may hold a secret to the help of its flag.
func explain(v *kong.Value) string {
	if name := v.Tag.Get(secretTag); name != "" {
		return strings.TrimSuffix(v.Help, ".") + " ($" + name + ", $" + name + "_FILE)."
	}
	return kong.DefaultHelpValueFormatter(v)
}

// report prints an error and finds its exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	_, _ = fmt.Fprintln(w, "avain:", err)
	var told *fault.Error
	if errors.As(err, &told) {
		_, _ = fmt.Fprintln(w, told.Message())
	}
	var (
		parse    *kong.ParseError
		operated *operator.UsageError
		wrongKey *operator.WrongKeyError
	)
	if errors.As(err, &parse) {
		_, _ = fmt.Fprintln(w, "Type avain --help, or --help behind a command, to see what there is.")
	}
	if errors.As(err, &parse) || errors.As(err, &operated) || errors.As(err, &wrongKey) {
		return exitUsage
	}
	return exitFailed
}

func usagef(format string, args ...any) error {
	return &operator.UsageError{Err: fmt.Errorf(format, args...)}
}
