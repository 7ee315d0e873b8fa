package demo

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// A display shows a run as it goes.
type display struct {
	w        io.Writer
	terminal bool // redraw a table in place; else a line each time
	title    string

	before pipeline.Stats // what was shown last, for the rates since
	rates  []float64      // as they were shown last
	drawn  int            // lines of the table that stands there
}

// Control sequences of a terminal. Lines do not wrap while the table is drawn, so that it keeps its height in a narrow
// window.
const (
	clearBelow = "\x1b[J"
	wrapOff    = "\x1b[?7l"
	wrapOn     = "\x1b[?7h"
	up         = "\x1b[%dA\r"
)

// show shows the pipeline as it is now. state is a word or two on what it does.
func (d *display) show(stats pipeline.Stats, state string) {
	if len(d.rates) != len(stats.Stages) || stats.Elapsed-d.before.Elapsed >= time.Second/2 { // in less time, rates are noise
		d.rates, d.before = since(d.before, stats), stats
	}
	if d.terminal {
		d.draw(stats, d.rates, state)
	} else {
		d.print(line(stats, d.rates, state) + "\n")
	}
}

// draw replaces the table on a terminal.
func (d *display) draw(stats pipeline.Stats, rates []float64, state string) {
	text := fmt.Sprintf("%s: %s, %v\n\n%s\n%s\n", d.title, state, stats.Elapsed.Round(100*time.Millisecond), table(stats, rates), law(stats.Ledger))
	if d.drawn > 0 {
		d.print(fmt.Sprintf(up, d.drawn) + clearBelow)
	}
	d.drawn = strings.Count(text, "\n")
	d.print(wrapOff + text + wrapOn)
}

// summary writes the stages once more, with their mean rates, and what the whole comes to.
func (d *display) summary(stats pipeline.Stats) {
	rates := since(pipeline.Stats{}, stats)
	if d.terminal {
		d.draw(stats, rates, "done")
	} else {
		d.print("\n" + table(stats, rates) + "\n" + law(stats.Ledger) + "\n")
	}
}

// print ignores errors: a demonstration that nobody watches any more goes on.
func (d *display) print(text string) { _, _ = io.WriteString(d.w, text) }

// since returns how many items a second each stage has taken between two pictures.
func since(before, now pipeline.Stats) []float64 {
	rates := make([]float64, len(now.Stages))
	seconds := (now.Elapsed - before.Elapsed).Seconds()
	if seconds <= 0 {
		return rates
	}
	for i, stage := range now.Stages {
		taken := stage.In
		if i < len(before.Stages) {
			taken -= before.Stages[i].In
		}
		rates[i] = float64(taken) / seconds
	}
	return rates
}
