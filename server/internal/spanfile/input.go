package spanfile

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Input is a file, or something like it, that records are read from.
type Input struct {
	Name string // for messages
	Size int64  // bytes as they are stored; -1 if nobody knows, as with a pipe
	Open func() (io.ReadCloser, error)
	// Waits says that opening or reading it may last for ever: it is a pipe, a terminal, a device.
	Waits bool
}

// Find returns the inputs that args name: paths, patterns as in [filepath.Match] where there is no file of that very name,
// and - for stdin. Each file is opened once, to see that this is possible. The error names the argument.
func Find(args []string, stdin *os.File) ([]Input, error) {
	var inputs []Input
	stdins := 0
	for _, arg := range args {
		if arg == "-" {
			if stdins++; stdins > 1 {
				return nil, fmt.Errorf("- is there twice, and stdin can be read once")
			}
			inputs = append(inputs, standardInput(stdin))
			continue
		}
		paths, err := expand(arg)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			input, err := file(path)
			if err != nil {
				return nil, err
			}
			inputs = append(inputs, input)
		}
	}
	return inputs, nil
}

// expand returns the files that arg stands for: a shell may have left that to us.
func expand(arg string) ([]string, error) {
	if _, err := os.Stat(arg); err == nil || !strings.ContainsAny(arg, "*?[") {
		return []string{arg}, nil
	}
	paths, err := filepath.Glob(arg) // sorted
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", arg, err)
	case len(paths) == 0:
		return nil, fmt.Errorf("%s: no file matches", arg)
	}
	return paths, nil
}

func file(path string) (Input, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Input{}, err
	}
	open := func() (io.ReadCloser, error) { return os.Open(path) } //nolint:gosec // the user's own files
	switch {
	case info.IsDir():
		return Input{}, fmt.Errorf("%s is a directory: name its files, as in %s", path, filepath.Join(path, "*.ndjson"))
	case !info.Mode().IsRegular():
		return Input{Name: path, Size: -1, Open: open, Waits: true}, nil
	}
	f, err := open()
	if err != nil {
		return Input{}, err
	}
	return Input{Name: path, Size: info.Size(), Open: open}, f.Close()
}

func standardInput(f *os.File) Input {
	in := Input{Name: "stdin", Size: -1, Waits: true, Open: func() (io.ReadCloser, error) { return io.NopCloser(f), nil }}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		in.Size, in.Waits = info.Size(), false
	}
	return in
}
