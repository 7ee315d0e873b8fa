// Command tailrace carries the traces of AI agents.
//
//	tailrace serve       run the trace server
//	tailrace project     make, list and delete projects of the trace server
//	tailrace token       make, list and revoke its tokens
//	tailrace demo        send spans through the whole pipeline to a trace server in this process
//	tailrace send        send spans from files to an endpoint
//	tailrace spool       look into the spool of an exporter, send what is there, or remove it
//	tailrace verify      check an endpoint, step by step, and say what to do
//	tailrace completion  print what makes a shell complete the words of tailrace
//	tailrace version     say which version this is
//	tailrace help        say what there is; tailrace help demo says more about one command
//
// It exits with 0 when all went well, 1 when something failed, 2 when it was called wrongly. A command may have more codes,
// which its help lists.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// A command is one of the words that may follow tailrace.
type command struct {
	name    string
	summary string
	// run gets what follows the name. Its result goes to stdout, everything else to stderr.
	run func(ctx context.Context, args []string, stdout, stderr *os.File) error
	// flags returns the flags that run reads, for the completion of a shell.
	flags func() *flag.FlagSet
	words []string // that may follow the name, beside flags; nil if these are files, or nothing
}

// commands is a function because one of them, completion, is about all of them.
func commands() []command {
	return []command{
		{"serve", "run the trace server", serveCommand, new(serveFlags).set, nil},
		{"project", "make, list and delete projects of the trace server", projectCommand, new(projectFlags).set, projectWords},
		{"token", "make, list and revoke its tokens", tokenCommand, new(tokenFlags).set, tokenWords},
		{"demo", "send spans through the whole pipeline to a trace server in this process", demoCommand, new(demoFlags).set, nil},
		{"send", "send spans from files to an endpoint", sendCommand, new(sendFlags).set, nil},
		{"spool", "look into the spool of an exporter, send what is there, or remove it", spoolCommand, new(spoolFlags).set, spoolWords},
		{"verify", "check an endpoint, step by step, and say what to do", verifyCommand, new(verifyFlags).set, nil},
		{"completion", "print what makes a shell complete the words of tailrace", completionCommand, completionFlags, shells},
		{"version", "say which version this is", versionCommand, versionFlags, nil},
	}
}

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// run runs the command that args name and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr *os.File) int {
	err := dispatch(ctx, args, stdout, stderr)
	if err == nil {
		return 0
	}
	say(stderr, "tailrace: %v\n", err)
	var wrong *usageError
	var exit *exitError
	switch {
	case errors.As(err, &wrong):
		return 2
	case errors.As(err, &exit):
		return exit.code
	}
	return 1
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
	for _, c := range commands() {
		if c.name == name {
			return c.run(ctx, rest, stdout, stderr)
		}
	}
	return &usageError{fmt.Sprintf("unknown command %q", name), "tailrace help"}
}

func overview(w io.Writer) {
	say(w, "tailrace carries the traces of AI agents, and accounts for every span.\n\nUsage:\n\n")
	for _, c := range commands() {
		say(w, "\ttailrace %-11s %s\n", c.name, c.summary)
	}
	say(w, "\ttailrace help        say this; tailrace help <command> says more about one\n")
}

// say writes for somebody to read. When that fails there is nobody to tell.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// usageError is a fault of whoever typed the command line: exit code 2.
type usageError struct{ fault, help string }

func (e *usageError) Error() string { return e.fault + "; see `" + e.help + "`" }

// exitError is a failure that has an exit code of its own.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// parseWith reads the flags of a command and, between them, its operands. Behind -- everything is an operand.
func parseWith(flags *flag.FlagSet, args []string, stdout io.Writer) (operands []string, done bool, err error) {
	for {
		if done, err := parseOnly(flags, args, stdout); done || err != nil {
			return nil, done, err
		}
		rest := flags.Args()
		if taken := len(args) - len(rest); len(rest) == 0 || taken > 0 && args[taken-1] == "--" {
			return append(operands, rest...), false, nil
		}
		operands, args = append(operands, rest[0]), rest[1:]
	}
}

// parse reads the flags of a command that takes nothing else. done says that help was asked for, and given on stdout.
func parse(flags *flag.FlagSet, args []string, stdout io.Writer) (done bool, err error) {
	done, err = parseOnly(flags, args, stdout)
	if err == nil && !done && flags.NArg() > 0 {
		err = &usageError{fmt.Sprintf("%s takes no argument %q", flags.Name(), flags.Arg(0)), "tailrace help " + flags.Name()}
	}
	return done, err
}

// parseOnly reads flags up to what is none.
func parseOnly(flags *flag.FlagSet, args []string, stdout io.Writer) (done bool, err error) {
	flags.SetOutput(io.Discard) // flag would print the error and all of the help with it
	err = flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		flags.Usage()
		return true, nil
	case err != nil:
		return false, &usageError{err.Error(), "tailrace help " + flags.Name()}
	}
	return false, nil
}

// newFlags makes the flags of a command. usage is its name and what else follows it; its help begins with about.
func newFlags(usage, about string) *flag.FlagSet {
	name, _, _ := strings.Cut(usage, " ")
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.Usage = func() {
		say(flags.Output(), "Usage: tailrace %s [flags]\n\n%s\n", usage, about)
		flags.PrintDefaults()
	}
	return flags
}
