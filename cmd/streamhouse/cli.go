package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"

	"streamhouse/cmd/streamhouse/bench"
)

// commands is the command line. Without the name of a command it is serve.
type commands struct {
	Serve   settings     `cmd:"" default:"withargs" help:"Run the broker. This is what happens without a command."`
	Bench   benchCommand `cmd:"" help:"Measure any Kafka broker: produce, tail and cold read."`
	Version versionCmd   `cmd:"" help:"Print the version."`
}

// output is where a command writes: results to out, the rest to err. A log that is piped away
// therefore never mixes with figures.
type output struct{ out, err io.Writer }

// errSettings marks settings that make no sense: it makes the exit status 2, so that a
// supervisor can tell a mistake from a failure that another start may mend.
var errSettings = errors.New("wrong settings")

// run parses the command line and does what it says. It returns the exit status: 0, or what
// [exitStatus] says. It never ends the process by itself, so that tests can call it.
func run(args []string, out output) int {
	// Before kong reads them: it takes an empty variable for a value.
	unsetEmpty(environmentNames())
	var shown bool // --help was answered
	ctx, err := newParser(out, func(int) { shown = true }).Parse(args)
	if shown {
		return 0
	}
	if err == nil {
		err = ctx.Run(out)
	}
	if err != nil {
		fmt.Fprintln(out.err, "streamhouse:", oneLine(err))
		return exitStatus(err)
	}
	return 0
}

// oneLine writes joined errors behind each other: what reads the output of a service
// takes a line for a message.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// exitStatus is 2 for a command line or environment that makes no sense, else 1.
func exitStatus(err error) int {
	if _, ok := errors.AsType[*kong.ParseError](err); ok || errors.Is(err, errSettings) || errors.Is(err, bench.ErrSettings) {
		return 2
	}
	return 1
}

// newParser returns the parser of the program. exit is called when help was printed, and must not
// end the process; kong goes on parsing after it.
func newParser(out output, exit func(int)) *kong.Kong {
	return newParserFor(new(commands), out, exit)
}

// newParserFor returns a parser that fills c. It panics when the tags of c are wrong: that is a mistake in
// the program, and any start finds it.
func newParserFor(c *commands, out output, exit func(int)) *kong.Kong {
	return kong.Must(c,
		kong.Name("streamhouse"),
		kong.Description("StreamHouse is a streaming broker that keeps its records in an object store. It speaks Kafka's protocol and gRPC. Its settings: streamhouse serve --help"),
		kong.Writers(out.out, out.err),
		kong.Exit(exit),
		kong.ExplicitGroups(settingGroups),
		kong.ValueFormatter(helpText),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: 100}),
	)
}

// helpText is a flag's help with its default and its variable behind it, so that the
// help texts themselves need not repeat either.
func helpText(v *kong.Value) string {
	text := v.Help
	if v.HasDefault {
		text += " Default " + v.Default + "."
	}
	if len(v.Tag.Envs) > 0 {
		text += " [$" + v.Tag.Envs[0] + "]"
	}
	return text
}

// settingGroups are the headings of the settings, by the key that a setting names. kong shows them in
// the order in which the settings come.
var settingGroups = []kong.Group{
	{Key: "Addresses", Title: "Addresses"},
	{Key: "Storage", Title: "Storage"},
	{Key: "Memory and cache", Title: "Memory and cache"},
	{Key: "Flushing", Title: "Flushing"},
	{Key: "Topics", Title: "Topics"},
	{Key: "Clients", Title: "Clients"},
	{Key: "Process", Title: "Process"},
}

// versionCmd prints what this binary was built from.
type versionCmd struct{}

// Run prints one line.
func (versionCmd) Run(out output) error {
	v := buildVersion()
	_, err := fmt.Fprintf(out.out, "streamhouse %s (%s, %s/%s)\n", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// buildVersion is the module's version, or the revision it was built from, as the go command
// stamps it into the binary; "(devel)" where there was neither.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}
