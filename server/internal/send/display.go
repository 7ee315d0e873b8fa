package send

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// display shows a run: a bar that is redrawn on a terminal, else a line every few seconds.
type display struct {
	w, problems io.Writer
	terminal    bool
	dryRun      bool
	total       int64 // bytes to read, -1 if nobody knows
	began       time.Time

	dry atomic.Int64 // bytes of bodies that a dry run made

	mu      sync.Mutex
	samples []sample // of the last seconds, the oldest first
	drawn   bool     // a bar stands on the last line
	told    int      // problems
}

// snapshot is how far a run is.
type snapshot struct {
	pipeline.Ledger
	read    int64 // bytes of the inputs
	bad     int64 // records
	next    int64 // record
	settled int64 // every span before this one is delivered
}

type sample struct {
	at   time.Time
	done int64 // spans
	read int64
}

// maxProblems is how many bad records are named. All are counted.
const maxProblems = 20

const (
	barWidth  = 24
	window    = 5 * time.Second // that rates are taken from
	clearLine = "\r\x1b[2K"
	wrapOff   = "\x1b[?7l" // so that the bar keeps to one line in a narrow window
	wrapOn    = "\x1b[?7h"
)

func newDisplay(cfg Config) *display {
	return &display{w: cfg.Progress, problems: cfg.Problems, terminal: cfg.Terminal, dryRun: cfg.DryRun, total: cfg.size(), began: time.Now()}
}

func (d *display) interval() time.Duration {
	if d.terminal {
		return 200 * time.Millisecond
	}
	return 5 * time.Second
}

// wouldSend is the end of a dry run: it turns every body away.
func (d *display) wouldSend(body *pipeline.Body) bool {
	d.dry.Add(int64(len(body.Plain)))
	return false
}

// progress shows how far the run is. doing is a word or two on what it does.
func (d *display) progress(s snapshot, doing string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	spans, bytes := d.rates(sample{now, d.done(s), s.read})
	if d.terminal {
		d.print(clearLine + wrapOff + d.bar(s, spans, bytes, doing) + wrapOn)
		d.drawn = true
		return
	}
	d.print(d.line(s, spans, bytes, doing, now.Sub(d.began)) + "\n")
}

// problem names a bad record, the first few of them.
func (d *display) problem(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.told++; d.told > maxProblems+1 {
		return
	}
	if d.told == maxProblems+1 {
		text = "more of this kind is counted, and not shown"
	}
	d.wipe()
	_, _ = fmt.Fprintf(d.problems, "tailrace: %s\n", text)
}

// summary says in the end what became of everything.
func (d *display) summary(r Result, sent int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wipe()
	elapsed := time.Since(d.began)
	if d.dryRun {
		d.print(fmt.Sprintf("checked %s, which make bodies of %s; nothing was sent\n", plural(r.Filtered, "span"), size(sent)))
	} else {
		d.print(fmt.Sprintf("%s; %s sent in %v (%s spans/s)\n", law(r.Ledger), size(sent), short(elapsed), commas(perSecond(r.Delivered, elapsed))))
	}
	if r.Bad+r.Unreadable > 0 {
		d.print(fmt.Sprintf("could not be read: %s, %s\n", plural(r.Bad, "record"), plural(r.Unreadable, "input")))
	}
}

// wipe takes the bar away.
func (d *display) wipe() {
	if d.drawn {
		d.print(clearLine)
		d.drawn = false
	}
}

// done is how many spans are where they should go.
func (d *display) done(s snapshot) int64 {
	if d.dryRun {
		return s.Filtered
	}
	return s.Delivered
}

// rates returns spans and bytes read a second, of the last seconds.
func (d *display) rates(now sample) (spans, bytes int64) {
	if len(d.samples) == 0 {
		d.samples = append(d.samples, sample{at: d.began})
	}
	d.samples = append(d.samples, now)
	for len(d.samples) > 2 && now.at.Sub(d.samples[1].at) >= window {
		d.samples = slices.Delete(d.samples, 0, 1)
	}
	first := d.samples[0]
	elapsed := now.at.Sub(first.at)
	return perSecond(now.done-first.done, elapsed), perSecond(now.read-first.read, elapsed)
}

// bar is one line of a terminal.
func (d *display) bar(s snapshot, spans, bytes int64, doing string) string {
	var b strings.Builder
	if d.total > 0 {
		part := min(s.read, d.total)
		full := int(part * barWidth / d.total)
		fmt.Fprintf(&b, "[%s%s] %3d%% ", strings.Repeat("#", full), strings.Repeat("-", barWidth-full), 100*part/d.total)
	}
	fmt.Fprintf(&b, "%s spans, %s/s, %s read, %s/s%s, %s", commas(d.done(s)), commas(spans), size(s.read), size(bytes), d.eta(s, bytes), doing)
	return b.String()
}

// line is the same for a log.
func (d *display) line(s snapshot, spans, bytes int64, doing string, elapsed time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %v: %s spans, %s/s, %s read", doing, short(elapsed), commas(d.done(s)), commas(spans), size(s.read))
	if d.total > 0 {
		fmt.Fprintf(&b, " (%d%%)", 100*min(s.read, d.total)/d.total)
	}
	b.WriteString(d.eta(s, bytes))
	for _, c := range []struct {
		name  string
		items int64
	}{{"in flight", s.InFlight}, {"lost", s.Lost()}, {"bad", s.bad}} {
		if c.items > 0 {
			fmt.Fprintf(&b, ", %s %s", c.name, commas(c.items))
		}
	}
	if s.settled > 0 && !d.dryRun {
		fmt.Fprintf(&b, ", all delivered before %d", s.settled)
	}
	return b.String()
}

// eta says when all is read, if that can be known.
func (d *display) eta(s snapshot, bytes int64) string {
	if d.total <= s.read || bytes <= 0 {
		return ""
	}
	left := time.Duration(float64(d.total-s.read) / float64(bytes) * float64(time.Second))
	return fmt.Sprintf(", ETA %v", left.Round(time.Second))
}

// print ignores errors: a run that nobody watches any more goes on.
func (d *display) print(text string) { _, _ = io.WriteString(d.w, text) }

func perSecond(n int64, d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64(float64(n) / d.Seconds())
}

func short(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }

// size is a number of bytes for people.
func size(n int64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	f, unit := float64(n)/1000, 0
	for f >= 999.95 && unit < len(units)-1 {
		f, unit = f/1000, unit+1
	}
	return fmt.Sprintf("%.1f %cB", f, units[unit])
}

// commas writes a number with a comma at every third digit.
func commas(n int64) string {
	digits := []byte(strconv.FormatInt(n, 10))
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = slices.Insert(digits, i, ',')
	}
	return string(digits)
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return commas(n) + " " + noun + "s"
}
