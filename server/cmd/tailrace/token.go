package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/manage"
)

const aboutToken = `Makes, lists and revokes tokens of the trace server. A token belongs to one project, or to all for
administration, and has scopes: ingest (send), read (ask), admin (change settings, share, delete).

	tailrace token create --project P --scope ingest,read
	tailrace token list --project P
	tailrace token revoke --project P ID

create prints the token alone on stdout. It cannot be had again: the server stores its hash. To
rotate one, make a second, change the clients, and revoke the first. A running server takes a
new token at once and refuses a revoked one within a second.
` + aboutManaged

// tokenFlags is what `tailrace token` can be told.
type tokenFlags struct {
	managedFlags

	project, scope, label string
	all                   bool
	expires               time.Duration
}

func (f *tokenFlags) set() *flag.FlagSet {
	flags := newFlags("token create|list|revoke [ID]", aboutToken)
	f.add(flags)
	flags.StringVar(&f.project, "project", "", "`name` or id of the project")
	flags.BoolVar(&f.all, "all-projects", false, "in place of --project: a token for administration")
	flags.StringVar(&f.scope, "scope", "", "of a new token: a `list` of ingest, read and admin")
	flags.StringVar(&f.label, "label", "", "of a new token, for people; traces that name no service have it as theirs")
	flags.DurationVar(&f.expires, "expires", 0, "how long a new token works, such as 720h; 0 means for ever")
	return flags
}

// tokenWords may follow token.
var tokenWords = []string{"create", "list", "revoke"}

func (f *tokenFlags) check(word string, rest []string) error {
	var fault string
	switch {
	case (f.project == "") == !f.all:
		fault = "token " + word + " wants either --project or --all-projects"
	case word == "revoke" && len(rest) != 1:
		fault = "token revoke wants the id of one token, as `tailrace token list` shows it"
	case word != "revoke" && len(rest) > 0:
		fault = fmt.Sprintf("token %s takes no argument %q", word, rest[0])
	case word == "create" && f.scope == "":
		fault = "token create wants --scope, such as ingest,read"
	case word != "create" && (f.scope != "" || f.label != "" || f.expires != 0):
		fault = "--scope, --label and --expires are of a new token"
	case f.expires < 0:
		fault = "--expires is negative"
	default:
		return nil
	}
	return &usageError{fault, "tailrace help token"}
}

func tokenCommand(ctx context.Context, args []string, stdout, stderr *os.File) error {
	var f tokenFlags
	operands, done, err := parseWith(f.set(), args, stdout)
	if done || err != nil {
		return err
	}
	word, rest, err := wordOf("token", tokenWords, operands)
	if err != nil {
		return err
	}
	if err := f.check(word, rest); err != nil {
		return err
	}
	m, err := f.open("token", false, stderr)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }() // what was changed is on disk already
	switch word {
	case "create":
		return f.create(ctx, m, stdout)
	case "revoke":
		return m.RevokeToken(ctx, f.project, rest[0])
	}
	all, err := m.Tokens(ctx, f.project)
	if err != nil {
		return err
	}
	return f.list(stdout, all)
}

func (f *tokenFlags) create(ctx context.Context, m manage.Manager, stdout *os.File) error {
	n := manage.NewToken{Scope: f.scope, Label: f.label}
	if f.expires > 0 {
		n.Expires = time.Now().Add(f.expires)
	}
	t, secret, err := m.CreateToken(ctx, f.project, n)
	if err != nil {
		return wrongField(err, "tailrace help token")
	}
	if f.json {
		return printJSON(stdout, struct {
			Token  manage.Token `json:"token"`
			Secret string       `json:"secret"`
		}{t, secret})
	}
	_, err = fmt.Fprintln(stdout, secret)
	return err
}

func (f *tokenFlags) list(stdout *os.File, all []manage.Token) error {
	if f.json {
		if all == nil {
			all = []manage.Token{}
		}
		return printJSON(stdout, all)
	}
	rows := make([][]string, len(all))
	for i, t := range all {
		state := "works"
		switch {
		case t.Revoked != nil:
			state = "revoked " + ago(t.Revoked)
		case t.Expires != nil && !time.Now().Before(*t.Expires):
			state = "expired " + ago(t.Expires)
		case t.Expires != nil:
			state = "until " + ago(t.Expires)
		}
		rows[i] = []string{t.ID, t.Scope, t.Label, ago(&t.Created), ago(t.Used), state}
	}
	return table(stdout, "ID\tSCOPE\tLABEL\tCREATED (UTC)\tUSED\tSTATE", rows)
}
