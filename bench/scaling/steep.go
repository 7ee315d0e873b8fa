package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tailrace-go/tailrace/bench/internal/outcome"
)

// A stretch is a part of a line, from one point to another, by index.
type stretch struct {
	from, to int
	rise     float64 // of the cost, as a ratio, beyond what it may grow
	doubling float64 // of that, for each doubling of x
}

// leastRise is the smallest rise of a step that counts: less may be chance.
const leastRise = 1.1

// steep returns the stretches of one line on which the cost rises by more than factor for each doubling of x, beyond what
// it may: in the median of the rounds, and at all in each of them.
func (c curve) steep(job *outcome.Job, s series, procs int, factor float64) []stretch {
	var all []stretch
	for i := 1; i < len(c.xs); i++ {
		before, after := job.Column(point(s, procs, c.xs[i-1]), figures[0]), job.Column(point(s, procs, c.xs[i]), figures[0])
		if before == nil || after == nil {
			continue
		}
		wider := float64(c.xs[i]) / float64(c.xs[i-1])
		may, ratios := math.Pow(wider, s.grows), outcome.Ratios(after, before)
		rise := outcome.Median(ratios) / may
		if rise < leastRise || perDoubling(rise, wider) <= factor || slices.Min(ratios) <= may {
			continue
		}
		if last := len(all) - 1; last >= 0 && all[last].to == i-1 {
			all[last].to, all[last].rise = i, all[last].rise*rise
		} else {
			all = append(all, stretch{from: i - 1, to: i, rise: rise})
		}
	}
	for i := range all {
		all[i].doubling = perDoubling(all[i].rise, float64(c.xs[all[i].to])/float64(c.xs[all[i].from]))
	}
	return all
}

// perDoubling is a rise over a ratio of x as one over a doubling.
func perDoubling(rise, wider float64) float64 { return math.Pow(rise, 1/math.Log2(wider)) }

// report is a curve in Markdown: a row for each x, and what is too steep.
func report(c curve, job *outcome.Job, factor float64) string {
	var w, steep strings.Builder
	fmt.Fprintf(&w, "| %s |", c.axis)
	rule := "|---:|"
	for _, s := range c.series {
		for _, procs := range cores {
			fmt.Fprintf(&w, " %s, GOMAXPROCS %d: wall / CPU ns |", s.name, procs)
			rule += "---:|"
		}
	}
	fmt.Fprintf(&w, "\n%s\n", rule)
	for _, x := range c.xs {
		fmt.Fprintf(&w, "| %s |", c.tick(x))
		for _, s := range c.series {
			for _, procs := range cores {
				wall, cpu := job.Column(point(s, procs, x), figures[0]), job.Column(point(s, procs, x), figures[1])
				if wall == nil {
					w.WriteString(" – |")
					continue
				}
				fmt.Fprintf(&w, " %s / %s |", outcome.Format(outcome.Median(wall)), outcome.Format(outcome.Median(cpu)))
			}
		}
		w.WriteString("\n")
	}
	for _, s := range c.series {
		for _, procs := range cores {
			for _, st := range c.steep(job, s, procs, factor) {
				fmt.Fprintf(&steep, "- Too steep: %s, GOMAXPROCS %d, from %s to %s: x %.2f%s, x %.2f for each doubling.\n", s.name, procs,
					c.tick(c.xs[st.from]), c.tick(c.xs[st.to]), st.rise, beyond(s), st.doubling)
			}
		}
	}
	if steep.Len() == 0 {
		fmt.Fprintf(&steep, "Nowhere does the cost rise by more than x %g for each doubling, beyond what it may.\n", factor)
	}
	if c.known != "" {
		fmt.Fprintf(&steep, "\n%s\n", c.known)
	}
	return fmt.Sprintf("%s\n%s\n%s, medians of %d rounds.\n", w.String(), steep.String(), job.Environment, job.Rounds())
}

func beyond(s series) string {
	if s.grows == 0 {
		return ""
	}
	return " beyond linear"
}
