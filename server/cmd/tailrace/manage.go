package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/manage"
	"github.com/tailrace-go/tailrace/server/store"
)

const aboutManaged = `
It works on the data folder of --data, also while a server runs on it, or through the API of
the server of --server, with a token that has the scope admin. Without both it is the folder
of TAILRACE_DATA, or else the one that ` + "`tailrace serve`" + ` uses by itself.

These variables stand for flags that are not given: TAILRACE_DATA, TAILRACE_SERVER,
TAILRACE_TOKEN.
`

// managedFlags say what a command works on.
type managedFlags struct {
	data, server, token, tokenFile string
	insecure, json                 bool
}

func (f *managedFlags) add(flags *flag.FlagSet) {
	flags.StringVar(&f.data, "data", "", "the data `folder`")
	flags.StringVar(&f.server, "server", "", "`URL` of a server, such as http://127.0.0.1:4318")
	flags.StringVar(&f.tokenFile, "token-file", "", "read the token for --server from this `file`")
	flags.StringVar(&f.token, "token", "", "token for --server; other users of this machine can see it in the list of processes, so prefer --token-file or a variable")
	flags.BoolVar(&f.insecure, "allow-insecure", false, "let the token go over plain http to other machines")
	flags.BoolVar(&f.json, "json", false, "print JSON")
}

// open opens what the flags say. create lets it make the folder.
func (f *managedFlags) open(command string, create bool, stderr io.Writer) (manage.Manager, error) {
	help := "tailrace help " + command
	server := f.server
	if server == "" && f.data == "" {
		server = os.Getenv("TAILRACE_SERVER")
	}
	switch {
	case f.server != "" && f.data != "":
		return nil, &usageError{"--server and --data are both given", help}
	case server == "" && (f.token != "" || f.tokenFile != ""):
		return nil, &usageError{"a token is for a --server", help}
	case f.token != "" && f.tokenFile != "":
		return nil, &usageError{"--token and --token-file are both given", help}
	case server == "":
		dir, err := dataFolder(f.data)
		if err != nil {
			return nil, err
		}
		return manage.OpenFolder(dir, create)
	}
	token := f.token
	switch {
	case token != "":
		say(stderr, "tailrace: --token is in sight of everybody who may list processes; --token-file and TAILRACE_TOKEN are not\n")
	case f.tokenFile != "":
		var err error
		if token, err = readToken(f.tokenFile); err != nil {
			return nil, &usageError{"--token-file: " + err.Error(), help}
		}
	default:
		token = os.Getenv("TAILRACE_TOKEN")
	}
	m, err := manage.OpenServer(server, token, f.insecure)
	if err != nil {
		return nil, &usageError{"--server: " + err.Error(), help}
	}
	return m, nil
}

// dataFolder is the folder of --data, of TAILRACE_DATA or, without them, that of the user.
func dataFolder(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	if dir := os.Getenv("TAILRACE_DATA"); dir != "" {
		return dir, nil
	}
	return userFolder(runtime.GOOS, os.Getenv)
}

// userFolder is where programs keep what they cannot make again: $XDG_DATA_HOME, by default ~/.local/share (XDG Base
// Directory Specification); ~/Library/Application Support; %LocalAppData%.
func userFolder(system string, env func(string) string) (string, error) {
	home := env("HOME")
	switch {
	case system == "windows" && env("LocalAppData") != "":
		return filepath.Join(env("LocalAppData"), "tailrace"), nil
	case system == "darwin" && home != "":
		return filepath.Join(home, "Library", "Application Support", "tailrace"), nil
	case system != "windows" && filepath.IsAbs(env("XDG_DATA_HOME")):
		return filepath.Join(env("XDG_DATA_HOME"), "tailrace"), nil
	case system != "windows" && home != "":
		return filepath.Join(home, ".local", "share", "tailrace"), nil
	}
	return "", &usageError{"this user has no folder for data: give --data", "tailrace help serve"}
}

// table prints lines of columns for people.
func table(w io.Writer, head string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	say(t, "%s\n", head)
	for _, row := range rows {
		for i, cell := range row {
			row[i] = printable(cell)
		}
		say(t, "%s\n", strings.Join(row, "\t"))
	}
	return t.Flush()
}

// printable keeps what others named from moving the cursor of a terminal.
func printable(text string) string {
	quoted := fmt.Sprintf("%q", text)
	if quoted[1:len(quoted)-1] == text {
		return text
	}
	return quoted
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// ago is a time for people.
func ago(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// wrongField makes a fault of a flag's value one of the command line.
func wrongField(err error, help string) error {
	var field *store.FieldError
	if errors.As(err, &field) {
		return &usageError{"--" + field.Field + " " + field.Reason, help}
	}
	return err
}
