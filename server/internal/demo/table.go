package demo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// table shows the account of each stage in a row, 80 columns wide. rates are items a second, by stage.
func table(stats pipeline.Stats, rates []float64) string {
	var b strings.Builder
	b.WriteString("stage     per second          in      passed    filtered     lost  waiting  busy\n")
	for i, s := range stats.Stages {
		fmt.Fprintf(&b, "%-9s %10s %11s %11s %11s %8s %8s  %s\n", s.Name, count(int64(rates[i])),
			count(s.In), count(passed(s)), count(s.Filtered), count(lost(s)), count(s.Queued+s.Held), busy(s))
	}
	return b.String()
}

// line is the table in one line: what each stage has passed on, then the totals that are not in the chain.
func line(stats pipeline.Stats, rates []float64, state string) string {
	var chain []string
	for i, s := range stats.Stages {
		link := s.Name + " " + count(passed(s))
		if i == 0 || i == len(stats.Stages)-1 {
			link += fmt.Sprintf(" (%s/s)", count(int64(rates[i])))
		}
		chain = append(chain, link)
	}
	l := stats.Ledger
	return fmt.Sprintf("%s %v: %s; filtered %s, lost %s, in flight %s", state, stats.Elapsed.Round(time.Second/10),
		strings.Join(chain, " > "), count(l.Filtered), count(l.Lost()), count(l.InFlight))
}

// law is the ledger as an equation, without the columns that are empty.
func law(l pipeline.Ledger) string {
	type column struct {
		name  string
		items int64
	}
	sum := func(columns ...column) string {
		var terms []string
		for i, c := range columns {
			if i == 0 || c.items != 0 {
				terms = append(terms, c.name+" "+count(c.items))
			}
		}
		return strings.Join(terms, " + ")
	}
	text := sum(column{"accepted", l.Accepted}, column{"made", l.Made}) + " = " + sum(column{"delivered", l.Delivered},
		column{"filtered", l.Filtered}, column{"dropped", l.Dropped}, column{"failed", l.Failed},
		column{"abandoned", l.Abandoned}, column{"spooled", l.Spooled}, column{"in flight", l.InFlight})
	if l.Refused != 0 {
		text += "; refused " + count(l.Refused)
	}
	return text
}

// passed is what got through a stage: to the next one or, at a sink, to its end.
func passed(s pipeline.StageStats) int64 { return s.Out + s.Delivered }

func lost(s pipeline.StageStats) int64 { return s.Dropped + s.Failed + s.Abandoned }

// busy is the share of its time in which a stage worked. A fused one works on the time of the stage above.
func busy(s pipeline.StageStats) string {
	all := s.Busy + s.Blocked + s.Idle
	if s.Fused || all <= 0 {
		return "   -"
	}
	return fmt.Sprintf("%3d%%", 100*s.Busy/all)
}

// count writes a number with a comma at every third digit.
func count(n int64) string {
	digits := []byte(strconv.FormatInt(n, 10))
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = slices.Insert(digits, i, ',')
	}
	return string(digits)
}
