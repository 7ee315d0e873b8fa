// Command tailrace carries the traces of AI agents.
//
//	tailrace demo       send spans through the whole pipeline to a collector in this process
//	tailrace version    say which version this is
//	tailrace help       say what there is; tailrace help demo says more about one command
//
// It exits with 0 when all went well, 1 when something failed, 2 when it was called wrongly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// A command is one of the words that may follow tailrace.
type command struct {
	name    string
	summary string
	// run gets what follows the name. Its result goes to stdout, everything else to stderr.
	run func(ctx context.Context, args []string, stdout, stderr *os.File) error
}

var commands = []command{
	{"demo", "send spans through the whole pipeline to a collector in this process", demoCommand},
	{"version", "say which version this is", versionCommand},
}

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// run runs the command that args name and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr *os.File) int {
	err := dispatch(ctx, args, stdout, stderr)
	var wrong *usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		say(stderr, "tailrace: %v\n", err)
		return 2
	default:
		say(stderr, "tailrace: %v\n", err)
		return 1
	}
}

func dispatch(ctx context.Context, args []string, stdout, stderr *os.File) error {
	if len(args) == 0 {
		overview(stderr)
		return &usageError{"no command given", "tailrace help"}
	}
	name, rest := args[0], args[1:]
	if name == "help" || name == "-h" || name == "-help" || name == "--help" {
		if len(rest) == 0 {
			overview(stdout)
			return nil
		}
		name, rest = rest[0], []string{"-help"}
	}
	for _, c := range commands {
		if c.name == name {
			return c.run(ctx, rest, stdout, stderr)
		}
	}
	return &usageError{fmt.Sprintf("unknown command %q", name), "tailrace help"}
}

func overview(w io.Writer) {
	say(w, "tailrace carries the traces of AI agents, and accounts for every span.\n\nUsage:\n\n")
	for _, c := range commands {
		say(w, "\ttailrace %-10s %s\n", c.name, c.summary)
	}
	say(w, "\ttailrace help       say this; tailrace help <command> says more about one\n")
}

// say writes for somebody to read. When that fails there is nobody to tell.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// usageError is a fault of whoever typed the command line: exit code 2.
type usageError struct{ fault, help string }

func (e *usageError) Error() string { return e.fault + "; see `" + e.help + "`" }

// parse reads the flags of a command that takes nothing else. done says that help was asked for, and given on stdout.
func parse(flags *flag.FlagSet, args []string, stdout io.Writer) (done bool, err error) {
	flags.SetOutput(io.Discard) // flag would print the error and all of the help with it
	err = flags.Parse(args)
	help := "tailrace help " + flags.Name()
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		flags.Usage()
		return true, nil
	case err != nil:
		return false, &usageError{err.Error(), help}
	case flags.NArg() > 0:
		return false, &usageError{fmt.Sprintf("%s takes no argument %q", flags.Name(), flags.Arg(0)), help}
	}
	return false, nil
}

// newFlags makes the flags of a command whose help begins with about.
func newFlags(name, about string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.Usage = func() {
		say(flags.Output(), "Usage: tailrace %s [flags]\n\n%s\n", name, about)
		flags.PrintDefaults()
	}
	return flags
}
