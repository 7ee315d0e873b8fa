package observability

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tailrace-go/tailrace/span"
)

// ConsoleConfig holds the settings of a [Console]. Its zero value works.
type ConsoleConfig struct {
	Writer   io.Writer // nil means os.Stdout
	Color    Color     // ColorAuto: only on a terminal, unless NO_COLOR is set or TERM is dumb
	MaxSpans int       // that wait for the first span of their trace; 0 means 10,000
}

// Color says whether a [Console] uses colours.
type Color uint8

// When to use colours.
const (
	ColorAuto Color = iota
	ColorAlways
	ColorNever
)

// Console is an exporter that prints each trace as a tree, as soon as its first span has ended. What waits for that is
// printed without it by Flush, by Shutdown, and where more wait than MaxSpans.
//
//	trace 25f7706a3609ac116109660a88baa0aa  mastra  1.24s  4 spans, 1 failed
//	support                agent_run         1.24s  #beta
//	├─ llm: 'gpt-4o-mini'  model_generation  802ms  1200 → 340 tokens
//	│  └─ chunk            model_chunk       ·
//	└─ tool: 'weather'     tool_call         4ms    failed: no such city
type Console struct {
	writer io.Writer
	color  bool
	most   int

	mu      sync.Mutex
	closed  bool
	waiting map[span.TraceID][]*span.Span
	order   []span.TraceID // of waiting, the oldest first
	held    int
}

// NewConsole makes a console.
func NewConsole(cfg ConsoleConfig) *Console {
	c := &Console{writer: cfg.Writer, most: cmp.Or(max(cfg.MaxSpans, 0), 10_000), waiting: map[span.TraceID][]*span.Span{}}
	if c.writer == nil {
		c.writer = os.Stdout
	}
	switch cfg.Color {
	case ColorAlways:
		c.color = true
	case ColorAuto:
		c.color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(c.writer)
	}
	return c
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Export keeps s, or prints its trace. An error is that of the writer.
func (c *Console) Export(_ context.Context, s *span.Span) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	if _, known := c.waiting[s.TraceID]; !known {
		c.order = append(c.order, s.TraceID)
	}
	c.waiting[s.TraceID] = append(c.waiting[s.TraceID], s)
	c.held++
	if isFirst(s) {
		return c.print(s.TraceID)
	}
	if c.held > c.most {
		return c.print(c.order[0])
	}
	return nil
}

// isFirst reports whether s is the first span of its trace, or of the part of it that is in this process: that says the
// name of the service.
func isFirst(s *span.Span) bool {
	return s.Root || s.ParentID == "" || !s.Metadata.Get("serviceName").IsNull()
}

// Flush prints what waits.
func (c *Console) Flush(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rest()
}

// Shutdown prints what waits, and ends the exporter.
func (c *Console) Shutdown(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return c.rest()
}

func (c *Console) rest() error {
	for len(c.order) > 0 {
		if err := c.print(c.order[0]); err != nil {
			return err
		}
	}
	return nil
}

// print writes a trace in one piece, and forgets it.
func (c *Console) print(id span.TraceID) error {
	spans := c.waiting[id]
	delete(c.waiting, id)
	c.order = slices.DeleteFunc(c.order, func(other span.TraceID) bool { return other == id })
	c.held -= len(spans)
	_, err := c.writer.Write(c.draw(id, spans))
	return err
}

// row is a line of a tree before its columns are set.
type row struct {
	lead, name, typ, took, note string
	failed                      bool
}

func (c *Console) draw(id span.TraceID, spans []*span.Span) []byte {
	trees := treesOf(spans)
	var rows []row
	for _, b := range trees {
		rows = b.rows(rows, "", "")
	}
	var from, to time.Time
	service, failed := "", 0
	for _, s := range spans {
		if from.IsZero() || s.Start.Before(from) {
			from = s.Start
		}
		if s.End.After(to) {
			to = s.End
		}
		if s.Error != nil {
			failed++
		}
		if name, ok := s.Metadata.Get("serviceName").Text(); ok {
			service = name
		}
	}

	var out bytes.Buffer
	fmt.Fprintf(&out, "%s", c.paint(bold, "trace "+clean(string(id))))
	if service != "" {
		fmt.Fprintf(&out, "  %s", clean(service))
	}
	if took := to.Sub(from); took >= 0 && !to.IsZero() {
		fmt.Fprintf(&out, "  %s", brief(took))
	}
	fmt.Fprintf(&out, "  %s", count(len(spans), "span"))
	if failed > 0 {
		fmt.Fprintf(&out, ", %s", c.paint(red, fmt.Sprintf("%d failed", failed)))
	}
	if !slices.ContainsFunc(spans, isFirst) {
		out.WriteString(", the first one is still missing")
	}
	out.WriteByte('\n')

	var names, types, times int
	for _, r := range rows {
		names = max(names, width(r.lead)+width(r.name))
		types = max(types, width(r.typ))
		times = max(times, width(r.took))
	}
	for _, r := range rows {
		name := r.name
		if r.failed {
			name = c.paint(red, name)
		}
		line := c.paint(dim, r.lead) + name + spaces(names-width(r.lead)-width(r.name)) + "  " +
			c.paint(dim, r.typ) + spaces(types-width(r.typ)) + "  " + r.took
		if r.note != "" {
			note := r.note
			if r.failed {
				note = c.paint(red, note)
			}
			line += spaces(times-width(r.took)) + "  " + note
		}
		out.WriteString(line)
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// rows appends the lines of a branch: lead stands before its first one, under before those below it.
func (b *branch) rows(rows []row, lead, under string) []row {
	s := b.span
	r := row{lead: lead, name: short(clean(s.Name), 48), typ: clean(string(s.Type)), took: brief(s.Duration())}
	var notes []string
	if s.Event {
		r.took = "·"
	}
	if u, ok := usageOf(s); ok {
		notes = append(notes, fmt.Sprintf("%d → %d tokens", u.Input, u.Output))
	}
	if len(s.Tags) > 0 {
		notes = append(notes, "#"+short(clean(strings.Join(s.Tags, " #")), 80))
	}
	if s.Error != nil {
		r.failed = true
		notes = append(notes, "failed: "+short(clean(s.Error.Message), 120))
	}
	r.note = strings.Join(notes, ", ")
	rows = append(rows, r)
	for i, child := range b.below {
		if i < len(b.below)-1 {
			rows = child.rows(rows, under+"├─ ", under+"│  ")
		} else {
			rows = child.rows(rows, under+"└─ ", under+"   ")
		}
	}
	return rows
}

func usageOf(s *span.Span) (u span.Tokens, ok bool) {
	if s.Type.Canonical() != span.TypeModelGeneration {
		return u, false
	}
	g, err := span.As[span.ModelGeneration](s)
	if err != nil || g.Usage == nil {
		return u, false
	}
	return g.Usage.Normalized(), true
}

const (
	bold = "1"
	dim  = "2"
	red  = "31"
)

func (c *Console) paint(how, text string) string {
	if !c.color || text == "" {
		return text
	}
	return "\x1b[" + how + "m" + text + "\x1b[0m"
}

// clean keeps what others wrote from steering the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return utf8.RuneError
	}, s)
}

// short returns at most n characters.
func short(s string, n int) string {
	if width(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// brief is a duration in three digits.
func brief(d time.Duration) string {
	switch {
	case d >= 100*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Microsecond).String()
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func width(s string) int { return utf8.RuneCountInString(s) }

func spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }
