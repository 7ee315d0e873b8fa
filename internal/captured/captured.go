// Package captured has request bodies as real exporters sent them: Mastra 0.20, 0.24 and 1.x, one trace each. They are
// for tests and for the demonstration, and here because both must be able to embed them.
package captured

import (
	"embed"
	"io/fs"
)

//go:embed *.json
var files embed.FS

// Names returns the names of the bodies, sorted.
func Names() []string {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		panic(err) // the pattern is wrong
	}
	return names
}

// Body returns the body of a name. It panics if there is none: the files are part of the program.
func Body(name string) []byte {
	body, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return body
}
