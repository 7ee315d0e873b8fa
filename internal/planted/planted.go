// Package planted tests tests: it plants bugs in the source, one at a time, and sees whether something
// finds them. A test that finds no planted bug proves nothing.
//
// A bug replaces a piece of the source in an overlay of the go command: no file of the module is
// touched. The piece must be there exactly once, so a bug that no longer fits the source is an error,
// to be mended where the bugs are listed.
package planted

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bug is a piece of source, and what a careless change would make of it.
type Bug struct {
	Name     string
	File     string // below the root of the module, where the command is run
	Old, New string
}

// Finding is what came of a hunt for one bug.
type Finding struct {
	Found  bool
	How    string // one line: what found it
	Output string // what is of use if nothing did
}

// A Hunter looks for the bug that has the place i in the list. replace says which files of the
// module have others in their place, for [Overlay], and scratch is a directory of the hunter's own.
type Hunter func(i int, scratch string, replace map[string]string) (Finding, error)

// Hunt plants the bugs whose names match pattern, as many at once as there are processors, and has
// find look for each, concurrently. The error names the bugs that survived, or is the first of find's
// own, which stop the hunt. Hunt prints a line for each bug.
func Hunt(bugs []Bug, pattern string, find Hunter) error {
	chosen, err := Choose(bugs, pattern)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "planted")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }() // nothing of value
	var (
		group    sync.WaitGroup
		mu       sync.Mutex
		survived []string
		failed   error
		next     = make(chan int)
	)
	for range runtime.NumCPU() {
		group.Go(func() {
			for i := range next {
				began := time.Now()
				finding, err := hunt(bugs[i], i, scratch, find)
				mu.Lock()
				switch {
				case err != nil:
					failed = errors.Join(failed, fmt.Errorf("%s: %w", bugs[i].Name, err))
				case finding.Found:
					fmt.Printf("found     %5.1fs  %s: %s\n", time.Since(began).Seconds(), bugs[i].Name, finding.How)
				default:
					survived = append(survived, bugs[i].Name)
					fmt.Printf("SURVIVED  %5.1fs  %s: %s\n%s", time.Since(began).Seconds(), bugs[i].Name, finding.How, finding.Output)
				}
				mu.Unlock()
			}
		})
	}
	for _, i := range chosen {
		mu.Lock()
		stop := failed != nil
		mu.Unlock()
		if stop {
			break
		}
		next <- i
	}
	close(next)
	group.Wait()
	switch {
	case failed != nil:
		return failed
	case len(survived) > 0:
		return fmt.Errorf("%d of %d bugs survived: %s", len(survived), len(chosen), strings.Join(survived, "; "))
	}
	fmt.Printf("found %d of %d\n", len(chosen), len(chosen))
	return nil
}

// Part is the variable that has only some of the bugs planted, where there is no time for all: 2/4 is every fourth,
// beginning with the second.
const Part = "TAILRACE_PLANTED_PART"

// Choose returns the places of the bugs whose names match pattern, or of the part of them that [Part] says.
func Choose(bugs []Bug, pattern string) (places []int, err error) {
	wanted, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	first, every := 1, 1
	if text := os.Getenv(Part); text != "" {
		if n, _ := fmt.Sscanf(text, "%d/%d", &first, &every); n != 2 || first < 1 || every < first {
			return nil, fmt.Errorf("%s is %q, not such as 2/4", Part, text)
		}
	}
	for i, b := range bugs {
		if i%every == first-1 && wanted.MatchString(b.Name) {
			places = append(places, i)
		}
	}
	if len(places) == 0 {
		return nil, fmt.Errorf("no bug has a name like %q", pattern)
	}
	return places, nil
}

func hunt(b Bug, i int, scratch string, find Hunter) (Finding, error) {
	own := filepath.Join(scratch, fmt.Sprint(i))
	if err := os.Mkdir(own, 0o700); err != nil {
		return Finding{}, err
	}
	defer func() { _ = os.RemoveAll(own) }() // with the rest, if not now
	replace, err := b.Plant(own)
	if err != nil {
		return Finding{}, err
	}
	return find(i, own, replace)
}

// Plant writes the source with the bug into the directory scratch, and says which file it replaces.
func (b Bug) Plant(scratch string) (replace map[string]string, err error) {
	path, err := filepath.Abs(filepath.FromSlash(b.File))
	if err != nil {
		return nil, err
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if n := strings.Count(string(source), b.Old); n != 1 {
		return nil, fmt.Errorf("%s has %d places like this, want 1:\n%s", b.File, n, b.Old)
	}
	bad := filepath.Join(scratch, "bad.go")
	err = os.WriteFile(bad, []byte(strings.Replace(string(source), b.Old, b.New, 1)), 0o600)
	return map[string]string{path: bad}, err
}

// Fits returns what is wrong with a bug as a bug: it does not fit the source, it changes nothing, or what it leaves is no Go.
// To compile it is left to the hunt. The directory scratch is for its use.
func (b Bug) Fits(scratch string) error {
	replace, err := b.Plant(scratch)
	if err != nil {
		return err
	}
	if b.Old == b.New {
		return errors.New("it changes nothing")
	}
	for _, bad := range replace {
		if _, err := parser.ParseFile(token.NewFileSet(), bad, nil, parser.SkipObjectResolution); err != nil {
			return err
		}
	}
	return nil
}

// Overlay writes which files replace which into the directory scratch, and returns the flag of the go
// command that makes it so. A file that "" replaces is not there.
func Overlay(scratch string, replace map[string]string) (flag string, err error) {
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(scratch, "overlay.json")
	return "-overlay=" + path, os.WriteFile(path, text, 0o600)
}

// Without is the files of the directory dir that match pattern but none of keep, as an overlay that
// takes them away: what need not be compiled costs nothing.
func Without(dir, pattern string, keep ...string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(dir), pattern))
	if err != nil {
		return nil, err
	}
	away := map[string]string{}
	for _, f := range files {
		kept := slices.ContainsFunc(keep, func(k string) bool {
			ok, err := filepath.Match(k, filepath.Base(f))
			return ok && err == nil
		})
		if kept {
			continue
		}
		path, err := filepath.Abs(f)
		if err != nil {
			return nil, err
		}
		away[path] = ""
	}
	return away, nil
}
