package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/tailrace-go/tailrace/server/internal/manage"
)

const aboutProject = `Makes, lists and deletes projects of the trace server: what traces, tokens and people belong to.

	tailrace project create NAME
	tailrace project list
	tailrace project delete --yes NAME

create prints the id of the new project. delete removes the traces of a project too, for good;
while a server runs on the folder, only that server can, so name it with --server.
` + aboutManaged

// projectFlags is what `tailrace project` can be told.
type projectFlags struct {
	managedFlags

	yes bool
}

func (f *projectFlags) set() *flag.FlagSet {
	flags := newFlags("project create|list|delete [NAME]", aboutProject)
	f.add(flags)
	flags.BoolVar(&f.yes, "yes", false, "delete indeed")
	return flags
}

// projectWords may follow project.
var projectWords = []string{"create", "list", "delete"}

func projectCommand(ctx context.Context, args []string, stdout, stderr *os.File) error {
	var f projectFlags
	operands, done, err := parseWith(f.set(), args, stdout)
	if done || err != nil {
		return err
	}
	const help = "tailrace help project"
	word, rest, err := wordOf("project", projectWords, operands)
	switch {
	case err != nil:
		return err
	case word == "list" && len(rest) > 0:
		return &usageError{fmt.Sprintf("project list takes no argument %q", rest[0]), help}
	case word != "list" && len(rest) != 1:
		return &usageError{"project " + word + " wants the name of one project", help}
	case word == "delete" && !f.yes:
		return &usageError{fmt.Sprintf("project %q and all its traces would be gone for good: say --yes", rest[0]), help}
	}
	m, err := f.open("project", word == "create", stderr)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }() // what was changed is on disk already
	switch word {
	case "create":
		p, err := m.CreateProject(ctx, rest[0])
		if err != nil {
			return wrongField(err, help)
		}
		if f.json {
			return printJSON(stdout, p)
		}
		_, err = fmt.Fprintln(stdout, p.ID)
		return err
	case "delete":
		return m.DeleteProject(ctx, rest[0])
	}
	all, err := m.Projects(ctx)
	if err != nil {
		return err
	}
	return f.list(stdout, all)
}

func (f *projectFlags) list(stdout *os.File, all []manage.Project) error {
	if f.json {
		if all == nil {
			all = []manage.Project{}
		}
		return printJSON(stdout, all)
	}
	rows := make([][]string, len(all))
	for i, p := range all {
		rows[i] = []string{p.ID, p.Name, ago(&p.Created)}
	}
	return table(stdout, "ID\tNAME\tCREATED (UTC)", rows)
}

// wordOf takes the first operand, which says what to do.
func wordOf(command string, words, operands []string) (word string, rest []string, err error) {
	if len(operands) > 0 {
		for _, w := range words {
			if w == operands[0] {
				return w, operands[1:], nil
			}
		}
	}
	return "", nil, &usageError{command + " wants one of " + joinWords(words), "tailrace help " + command}
}

func joinWords(words []string) string {
	text := words[0]
	for i, w := range words[1:] {
		if i == len(words)-2 {
			text += " and "
		} else {
			text += ", "
		}
		text += w
	}
	return text
}
