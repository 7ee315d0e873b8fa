package exporters

import (
	"fmt"
	"go/build"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// english reads so many bytes of English: the comments in the source of the toolchain that is here, in the order of its
// files, each paragraph once. Text that somebody wrote compresses as prompts do, which text made up of random words does
// not; and it comes with every Go.
func english(bytes int) (string, error) {
	root, err := goroot()
	if err != nil {
		return "", err
	}
	r := reader{want: bytes, seen: map[string]bool{}}
	err = filepath.WalkDir(filepath.Join(root, "src"), r.visit)
	if err != nil {
		return "", fmt.Errorf("exporters: reading the source of Go: %w", err)
	}
	if r.text.Len() < bytes {
		return "", fmt.Errorf("exporters: the source of Go in %s has %d bytes of comments, %d are needed", root, r.text.Len(), bytes)
	}
	return r.text.String()[:bytes], nil
}

// goroot asks the go command where the toolchain has no memory of it, as when it was built with -trimpath.
func goroot() (string, error) {
	if root := build.Default.GOROOT; root != "" {
		return root, nil
	}
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("exporters: go env GOROOT: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// A reader collects paragraphs until it has enough.
type reader struct {
	want      int
	text      strings.Builder
	seen      map[string]bool
	paragraph []string
}

func (r *reader) visit(path string, entry fs.DirEntry, err error) error {
	name := entry.Name()
	switch {
	case err != nil:
		return err
	case r.text.Len() >= r.want:
		return filepath.SkipAll
	case entry.IsDir() && (name == "testdata" || name == "vendor"):
		return filepath.SkipDir
	case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
		return nil
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(source)) {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "// ")
		if !ok || strings.HasPrefix(comment, " ") || strings.HasPrefix(comment, "\t") { // code, or an example of it
			r.end()
			continue
		}
		r.paragraph = append(r.paragraph, comment)
	}
	r.end()
	return nil
}

// end keeps the paragraph if it is prose, and not the notice that every file begins with.
func (r *reader) end() {
	text := strings.Join(r.paragraph, "\n")
	r.paragraph = r.paragraph[:0]
	if len(text) < 80 || r.seen[text] || strings.HasPrefix(text, "Copyright") || !prose(text) {
		return
	}
	r.seen[text] = true
	r.text.WriteString(text)
	r.text.WriteByte('\n')
}

// prose reports whether text is ASCII and four fifths of it are small letters and spaces.
func prose(text string) bool {
	letters := 0
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 'a' && c <= 'z', c == ' ':
			letters++
		case c >= 0x7f, c < ' ' && c != '\n':
			return false
		}
	}
	return letters*5 >= len(text)*4
}
