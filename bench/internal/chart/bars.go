package chart

import (
	"fmt"
	"math"
)

// A Kind is how a bar is filled.
type Kind int

// The kinds of bars.
const (
	Ours Kind = iota
	Base
	Peer
	StandIn // hatched: it was not measured here
)

var kinds = [...]string{Ours: "ours", Base: "base", Peer: "peer", StandIn: "hatched"}

// A Bar is one implementation.
type Bar struct {
	Label string
	Value float64 // a ratio to the base, whose own is 1
	Goal  float64 // the most that is asked of it, or 0
	Kind  Kind
}

// A Panel compares those who do one job.
type Panel struct {
	Title, Note string
	Bars        []Bar
}

// Bars are laid out in two columns.
const (
	margin      = 20.0
	columnWidth = 380.0
	columnGap   = 30.0
	labelWidth  = 138.0
	unitWidth   = 96.0 // of a bar of the value 1
	valueWidth  = 36.0 // of the number behind a bar, at most
	most        = 2.0  // longer bars are cut, and say their value
	pitch       = 19.0 // from bar to bar
	headHeight  = 40.0 // of a panel, above its bars
	panelGap    = 18.0
	barHeight   = 13.0
)

// DrawBars draws the panels, and below them the notes, a line each.
func DrawBars(title string, panels []Panel, notes []string, theme Theme) string {
	left, right, below := columns(panels)
	var s sheet
	top := 44.0
	bottom := top + below
	s.open(title, int(math.Ceil(bottom+float64(len(notes)+1)*17+10)), theme)
	for i, column := range [][]Panel{left, right} {
		x, y := margin+float64(i)*(columnWidth+columnGap), top
		for _, p := range column {
			s.panel(x, y, p)
			y += p.height()
		}
	}
	s.legend(margin, bottom+8)
	for i, note := range notes {
		s.text(margin, bottom+8+float64(i+1)*17, "faint small", note)
	}
	return s.close()
}

func (p Panel) height() float64 { return headHeight + float64(len(p.Bars))*pitch + panelGap }

// columns keeps the order of the panels: the first ones are on the left, up to half of the height.
func columns(panels []Panel) (left, right []Panel, height float64) {
	var all, l float64
	for _, p := range panels {
		all += p.height()
	}
	cut := 0
	for cut < len(panels) && l+panels[cut].height()/2 < all/2 {
		l += panels[cut].height()
		cut++
	}
	return panels[:cut], panels[cut:], max(l, all-l)
}

func (s *sheet) panel(x, y float64, p Panel) {
	s.text(x, y+13, "ink head", p.Title)
	s.text(x, y+29, "faint small", p.Note)
	zero, top := x+labelWidth+8, y+headHeight
	s.line(zero+unitWidth, top-4, zero+unitWidth, top+float64(len(p.Bars))*pitch-2, "one dashed")
	for i, bar := range p.Bars {
		row := top + float64(i)*pitch
		class := "ink end"
		if bar.Kind == StandIn {
			class = "faint end"
		}
		s.text(zero-8, row+11, class, bar.Label)
		length := min(bar.Value, most) * unitWidth
		s.rect(zero, row, max(length, 1), barHeight, kinds[bar.Kind])
		if bar.Value > most { // a break before its end
			for _, at := range []float64{length - 16, length - 11} {
				s.line(zero+at, row+barHeight+1, zero+at+4, row-1, "gap")
			}
		}
		end := length
		if bar.Goal > 0 {
			at := min(bar.Goal, most) * unitWidth
			s.line(zero+at, row-3, zero+at, row+barHeight+3, "goal")
			if at > length && at < length+valueWidth {
				end = at // the value stands behind it
			}
		}
		s.text(zero+end+6, row+11, "ink halo", ratio(bar.Value))
	}
}

func (s *sheet) legend(x, y float64) {
	for _, entry := range []struct {
		kind Kind
		text string
	}{{Ours, "tailrace"}, {Base, "what the others are compared with, = 1"}, {Peer, "others"}, {StandIn, "stand-in, not measured here"}} {
		s.rect(x, y-9, 14, 10, kinds[entry.kind])
		s.text(x+20, y, "ink small", entry.text)
		x += 44 + 5.6*float64(len(entry.text)) // near enough to how wide the text is
	}
	s.line(x, y-11, x, y+2, "goal")
	s.text(x+8, y, "goaltext small", "goal")
}

// ratio has two digits that say something.
func ratio(v float64) string {
	switch {
	case v >= 9.95:
		return fmt.Sprintf("%.0f", v)
	case v >= 0.995:
		return fmt.Sprintf("%.1f", v)
	case v >= 0.0995:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
