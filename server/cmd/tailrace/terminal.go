package main

import "os"

// isTerminal reports whether a table can be redrawn on f: it is a character device, and TERM names a kind of terminal
// that understands control sequences. On Windows TERM is not set, unless by a terminal that does.
func isTerminal(f *os.File) bool {
	term := os.Getenv("TERM")
	if term == "" || term == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
