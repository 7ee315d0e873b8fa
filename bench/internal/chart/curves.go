package chart

import (
	"fmt"
	"math"
	"strings"
)

// A Curve is one line of a plot.
type Curve struct {
	Name   string
	X, Y   []float64 // of equal length, X rising, all above 0
	Steep  [][2]int  // stretches that are marked, as the indices of their first and last points
	Colour int       // of four
	Dashed bool
}

// A Plot has logarithmic axes.
type Plot struct {
	Title, X, Y string
	Curves      []Curve
	TickX       func(x float64) string // the name of a value of X
	TickY       func(y float64) string
	Notes       []string // below, a line each
}

const (
	plotTop    = 66.0
	plotLeft   = 64.0
	plotRight  = 790.0
	plotHeight = 300.0
)

// DrawCurves draws a plot: a tick at each X that was measured, and at 1, 2 and 5 of each decade of Y.
func DrawCurves(p Plot, theme Theme) string {
	x, y := span(p.Curves, func(c Curve) []float64 { return c.X }), span(p.Curves, func(c Curve) []float64 { return c.Y })
	y.low, y.high = y.low/1.3, y.high*1.3
	atX := func(v float64) float64 { return plotLeft + 14 + x.part(v)*(plotRight-plotLeft-28) }
	atY := func(v float64) float64 { return plotTop + plotHeight - y.part(v)*plotHeight }

	var s sheet
	legendRows := (len(p.Curves) + 1) / 2
	legend := plotTop + plotHeight + 60
	s.open(p.Title, int(legend)+legendRows*18+len(p.Notes)*17+4, theme)
	s.text(20, plotTop-18, "faint", p.Y)
	for _, v := range decades(y.low, y.high) {
		s.line(plotLeft, atY(v), plotRight, atY(v), "grid")
		s.text(plotLeft-8, atY(v)+4, "faint end", p.TickY(v))
	}
	for _, v := range distinct(p.Curves) {
		s.line(atX(v), plotTop+plotHeight, atX(v), plotTop+plotHeight+5, "one")
		s.text(atX(v), plotTop+plotHeight+20, "faint middle", p.TickX(v))
	}
	s.text((plotLeft+plotRight)/2, plotTop+plotHeight+40, "faint middle", p.X)
	for i, c := range p.Curves {
		points := make([]string, len(c.X))
		for k := range c.X {
			points[k] = short(atX(c.X[k])) + "," + short(atY(c.Y[k]))
		}
		for _, stretch := range c.Steep {
			s.printf(`<polyline class="steep" points="%s"/>`+"\n", strings.Join(points[stretch[0]:stretch[1]+1], " "))
		}
		colour := fmt.Sprintf("c%d", c.Colour%4)
		class := colour
		if c.Dashed {
			class += " dashed"
		}
		s.printf(`<polyline class="%s line" style="fill:none" points="%s"/>`+"\n", class, strings.Join(points, " "))
		for k := range c.X {
			s.printf(`<circle class="%s" cx="%s" cy="%s" r="2.5"/>`+"\n", colour, short(atX(c.X[k])), short(atY(c.Y[k])))
		}
		at, row := plotLeft+float64(i%2)*370, legend+float64(i/2)*18
		s.line(at, row-4, at+26, row-4, class+" line")
		s.text(at+34, row, "ink", c.Name)
	}
	for i, note := range p.Notes {
		s.text(plotLeft, legend+float64(legendRows)*18+float64(i)*17, "faint small", note)
	}
	return s.close()
}

// A logRange is an axis.
type logRange struct{ low, high float64 }

// part is where a value lies, from 0 at low to 1 at high.
func (r logRange) part(v float64) float64 {
	if r.low == r.high {
		return 0.5
	}
	return math.Log(v/r.low) / math.Log(r.high/r.low)
}

func span(curves []Curve, of func(Curve) []float64) logRange {
	r := logRange{math.Inf(1), 0}
	for _, c := range curves {
		for _, v := range of(c) {
			r.low, r.high = min(r.low, v), max(r.high, v)
		}
	}
	return r
}

// decades are the 1, 2 and 5 of each power of ten between low and high, or the 1 alone where those are many.
func decades(low, high float64) []float64 {
	steps := []float64{1, 2, 5}
	if high/low > 3000 {
		steps = steps[:1]
	}
	var ticks []float64
	for power := math.Floor(math.Log10(low)); power <= math.Log10(high); power++ {
		for _, step := range steps {
			if v := step * math.Pow(10, power); v >= low && v <= high {
				ticks = append(ticks, v)
			}
		}
	}
	return ticks
}

func distinct(curves []Curve) []float64 {
	seen, all := map[float64]bool{}, []float64(nil)
	for _, c := range curves {
		for _, v := range c.X {
			if !seen[v] {
				seen[v] = true
				all = append(all, v)
			}
		}
	}
	return all
}
