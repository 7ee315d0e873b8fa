// Command scaling measures what an item costs as one number grows: producers, stages, the size of batches, the size of
// spans; with one core and with two. A cost that grows as it should is a flat line, or, where an item has more to
// do, one that doubles as the number doubles. Any stretch that is steeper is named.
//
//	go run ./bench/scaling                          # every curve, 5 rounds
//	go run ./bench/scaling -curve batch -rounds 9   # those whose name begins with batch
//	go run ./bench/scaling -o bench/results         # keep the figures, a table of them, and a picture of each curve
//	go run ./bench/scaling -draw -o bench/results   # measure nothing; tables and pictures of what was kept
//
// Every point of a curve has its turn in each round, so all see the same machine. The tables have medians of wall time
// and CPU time. A step from one point to the next is too steep when the cost has risen by more than -factor for
// each doubling, beyond what it may: in the median of the ratios of one round each, by a tenth at least, and at all in
// every round.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/tailrace-go/tailrace/bench/internal/outcome"
)

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 5, "rounds, in each of which every point of a curve has a turn")
	flag.StringVar(&o.curve, "curve", "", "only curves whose name begins with this: producers, stages, batch, span")
	flag.Float64Var(&o.factor, "factor", 1.25, "a cost that rises by more than this for each doubling, beyond what it may, is too steep")
	flag.StringVar(&o.dir, "o", "", "directory to keep figures, tables and pictures in")
	flag.BoolVar(&o.draw, "draw", false, "measure nothing; make the tables and pictures of what -o has, or bench/results")
	flag.Parse()
	if err := run(os.Stdout, o, curves()); err != nil {
		fmt.Fprintln(os.Stderr, "scaling:", err)
		os.Exit(1)
	}
}

type options struct {
	rounds     int
	curve, dir string
	factor     float64
	draw       bool
}

func run(w io.Writer, o options, all []curve) error {
	if o.rounds < 1 || o.factor <= 1 {
		return fmt.Errorf("-rounds is %d and -factor %g, want at least 1, and more than 1", o.rounds, o.factor)
	}
	if o.draw {
		return redraw(w, cmp.Or(o.dir, "bench/results"), o.factor, all)
	}
	found := false
	for _, c := range all {
		if !strings.HasPrefix(c.name, o.curve) {
			continue
		}
		found = true
		held, err := c.contest().Hold(o.rounds)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s\n", report(c, &held, o.factor)); err != nil {
			return err
		}
		if o.dir == "" {
			continue
		}
		if _, err := outcome.Keep(o.dir, []outcome.Job{held}); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("no curve's name begins with %q", o.curve)
	}
	if o.dir == "" {
		return nil
	}
	return redraw(io.Discard, o.dir, o.factor, all)
}

// group is what the kept files are named for.
const group = "Scaling"

// redraw makes Scaling.md and the pictures of Scaling.json.
func redraw(w io.Writer, dir string, factor float64, all []curve) error {
	jobs, err := outcome.Read(dir, group)
	if err != nil {
		return err
	}
	var text strings.Builder
	text.WriteString("# Scaling\n\n`go run ./bench/scaling -o bench/results`\n")
	for _, c := range all {
		for i := range jobs {
			if jobs[i].Name != c.job() {
				continue
			}
			fmt.Fprintf(&text, "\n## %s\n\n%s", c.title, report(c, &jobs[i], factor))
			name := filepath.Join(dir, "scaling-"+c.name+".svg")
			if err := os.WriteFile(name, []byte(c.picture(&jobs[i], factor)), 0o644); err != nil {
				return err
			}
		}
	}
	if err := os.WriteFile(filepath.Join(dir, group+".md"), []byte(text.String()), 0o644); err != nil {
		return err
	}
	_, err = io.WriteString(w, text.String())
	return err
}
