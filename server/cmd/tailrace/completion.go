package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

const aboutCompletion = `Prints what makes a shell complete the words of tailrace. For this session:

	bash:  source <(tailrace completion bash)
	zsh:   source <(tailrace completion zsh)      (after compinit)
	fish:  tailrace completion fish | source

Put the same line into ~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish for all sessions.
`

func completionFlags() *flag.FlagSet { return newFlags("completion bash|zsh|fish", aboutCompletion) }

// shells are those that completion knows.
var shells = []string{"bash", "zsh", "fish"}

func completionCommand(_ context.Context, args []string, stdout, _ *os.File) error {
	operands, done, err := parseWith(completionFlags(), args, stdout)
	if done || err != nil {
		return err
	}
	if len(operands) != 1 || !slices.Contains(shells, operands[0]) {
		return &usageError{"completion wants the name of one shell: bash, zsh or fish", "tailrace help completion"}
	}
	script := map[string]func() string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[operands[0]]
	_, err = stdout.WriteString(script())
	return err
}

// names are those of the commands, and help.
func names() []string {
	var all []string
	for _, c := range commands() {
		all = append(all, c.name)
	}
	return append(all, "help")
}

// bashCompletion offers commands, then flags, and where neither fits the files that bash offers by itself.
func bashCompletion() string {
	var b strings.Builder
	b.WriteString(`_tailrace() {
	local word=${COMP_WORDS[COMP_CWORD]} words=
	if [[ $COMP_CWORD -eq 1 ]]; then
		words="` + strings.Join(names(), " ") + `"
	else
		case "${COMP_WORDS[1]}:$word" in
`)
	for _, c := range commands() {
		fmt.Fprintf(&b, "\t\t%s:-*) words=\"%s\" ;;\n", c.name, strings.Join(flagWords(c), " "))
		if len(c.words) > 0 {
			fmt.Fprintf(&b, "\t\t%s:*) words=\"%s\" ;;\n", c.name, strings.Join(c.words, " "))
		}
	}
	fmt.Fprintf(&b, "\t\thelp:*) words=\"%s\" ;;\n", strings.Join(names(), " "))
	b.WriteString(`		esac
	fi
	COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _tailrace tailrace
`)
	return b.String()
}

func zshCompletion() string {
	var b strings.Builder
	b.WriteString(`#compdef tailrace
_tailrace() {
	if (( CURRENT == 2 )); then
		local -a names=(
`)
	for _, c := range commands() {
		fmt.Fprintf(&b, "\t\t\t%s\n", quoted(c.name+":"+c.summary))
	}
	b.WriteString(`			'help:say what there is'
		)
		_describe command names
		return
	fi
	local command=$words[2]
	shift words
	(( CURRENT-- ))
	case $command in
`)
	for _, c := range commands() {
		fmt.Fprintf(&b, "\t%s)\n\t\t_arguments", c.name)
		c.flags().VisitAll(func(f *flag.Flag) {
			kind, usage := flag.UnquoteUsage(f)
			text := "--" + f.Name
			if kind != "" {
				text += "="
			}
			text += "[" + strings.NewReplacer("[", "(", "]", ")", ":", " ").Replace(brief(usage)) + "]"
			if kind != "" {
				text += ":" + kind + ":" + zshAction(f)
			}
			b.WriteString(" \\\n\t\t\t" + quoted(text))
		})
		switch {
		case len(c.words) > 0:
			b.WriteString(" \\\n\t\t\t" + quoted("1:word:("+strings.Join(c.words, " ")+")"))
		case c.name == "send":
			b.WriteString(" \\\n\t\t\t'*:file:_files'")
		}
		b.WriteString("\n\t\t;;\n")
	}
	fmt.Fprintf(&b, "\thelp) _values command %s ;;\n", strings.Join(names(), " "))
	b.WriteString(`	esac
}
compdef _tailrace tailrace
`)
	return b.String()
}

func zshAction(f *flag.Flag) string {
	switch {
	case wantsFolder(f):
		return "_files -/"
	case wantsFile(f):
		return "_files"
	}
	return " "
}

// wantsFile reports whether the value of a flag is the path of a file.
func wantsFile(f *flag.Flag) bool {
	kind, _ := flag.UnquoteUsage(f)
	return kind == "file"
}

func wantsFolder(f *flag.Flag) bool {
	kind, _ := flag.UnquoteUsage(f)
	return kind == "folder"
}

func fishCompletion() string {
	var b strings.Builder
	all := strings.Join(names(), " ")
	b.WriteString("complete -c tailrace -n __fish_use_subcommand -f\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "complete -c tailrace -n __fish_use_subcommand -a %s -d %s\n", c.name, quoted(c.summary))
	}
	b.WriteString("complete -c tailrace -n __fish_use_subcommand -a help -d 'say what there is'\n")
	fmt.Fprintf(&b, "complete -c tailrace -n '__fish_seen_subcommand_from help' -f -a '%s'\n", all)
	for _, c := range commands() {
		when := "-n '__fish_seen_subcommand_from " + c.name + "'"
		c.flags().VisitAll(func(f *flag.Flag) {
			kind, usage := flag.UnquoteUsage(f)
			value := ""
			switch {
			case wantsFile(f) || wantsFolder(f):
				value = " -r"
			case kind != "":
				value = " -x"
			}
			fmt.Fprintf(&b, "complete -c tailrace %s -l %s%s -d %s\n", when, f.Name, value, quoted(brief(usage)))
		})
		if len(c.words) > 0 {
			fmt.Fprintf(&b, "complete -c tailrace %s -f -a '%s'\n", when, strings.Join(c.words, " "))
		}
	}
	return b.String()
}

// flagWords are the flags of a command as they are typed.
func flagWords(c command) []string {
	var words []string
	c.flags().VisitAll(func(f *flag.Flag) { words = append(words, "--"+f.Name) })
	return words
}

// brief is the first part of a flag's text, which says what it is.
func brief(usage string) string {
	text, _, _ := strings.Cut(usage, ";")
	return text
}

// quoted puts text between single quotes, without the apostrophes in it: the three shells escape them differently.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "") + "'" }
