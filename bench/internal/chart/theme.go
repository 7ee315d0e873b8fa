// Package chart draws what was measured, as SVG: no script, no font and nothing else from elsewhere, so that a file is
// the same in a README, in a browser and in an editor. Sizes suit a column of 830 pixels.
package chart

import (
	"fmt"
	"html"
	"strings"
)

// A Theme says on what ground a picture is looked at.
type Theme int

// The themes. Auto follows prefers-color-scheme; a page that can tell better has a file for each of the others.
const (
	Light Theme = iota
	Dark
	Auto
)

const width = 830 // of every picture, in pixels

// Colours by class: filled shapes and text first, then lines.
var light = strings.Join([]string{
	".ground{fill:#ffffff}", ".ink{fill:#1f2328}", ".faint{fill:#59636e}",
	".ours{fill:#0969da}", ".base{fill:#59636e}", ".peer{fill:#afb8c1}", ".hatch{stroke:#8c959f}", ".hatched{fill:url(#hatch);stroke:#8c959f}",
	".goal{stroke:#bc4c00}", ".goaltext{fill:#bc4c00}", ".one{stroke:#8c959f}", ".grid{stroke:#d8dee4}", ".gap,.halo{stroke:#ffffff}",
	".c0{stroke:#0969da;fill:#0969da}", ".c1{stroke:#8250df;fill:#8250df}", ".c2{stroke:#1a7f37;fill:#1a7f37}", ".c3{stroke:#9a6700;fill:#9a6700}",
	".steep{stroke:#cf222e}",
}, "")

var dark = strings.Join([]string{
	".ground{fill:#0d1117}", ".ink{fill:#e6edf3}", ".faint{fill:#9198a1}",
	".ours{fill:#4493f8}", ".base{fill:#9198a1}", ".peer{fill:#4b535d}", ".hatch{stroke:#6e7681}", ".hatched{fill:url(#hatch);stroke:#6e7681}",
	".goal{stroke:#f0883e}", ".goaltext{fill:#f0883e}", ".one{stroke:#6e7681}", ".grid{stroke:#262c36}", ".gap,.halo{stroke:#0d1117}",
	".c0{stroke:#4493f8;fill:#4493f8}", ".c1{stroke:#ab7df8;fill:#ab7df8}", ".c2{stroke:#3fb950;fill:#3fb950}", ".c3{stroke:#d29922;fill:#d29922}",
	".steep{stroke:#f85149}",
}, "")

const shapes = "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',sans-serif;font-size:12px}" +
	".title{font-size:14px;font-weight:600}.head{font-size:13px;font-weight:600}.small{font-size:11px}" +
	".halo{stroke-width:4;paint-order:stroke}.end{text-anchor:end}.middle{text-anchor:middle}.goal{stroke-width:2}.line{fill:none;stroke-width:2}.dashed{stroke-dasharray:5 4}" +
	".steep{fill:none;stroke-width:6;stroke-opacity:.35;stroke-linecap:round}"

func (t Theme) css() string {
	switch t {
	case Dark:
		return shapes + dark
	case Auto:
		return shapes + light + "@media (prefers-color-scheme:dark){" + dark + "}"
	}
	return shapes + light
}

// A sheet is an SVG that is being written.
type sheet struct{ w strings.Builder }

func (s *sheet) printf(format string, args ...any) { fmt.Fprintf(&s.w, format, args...) }

func (s *sheet) open(title string, height int, theme Theme) {
	s.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n",
		width, height, width, height, html.EscapeString(title))
	s.printf("<title>%s</title>\n<style>%s</style>\n", html.EscapeString(title), theme.css())
	s.printf(`<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
		`<line class="hatch" x1="0" y1="0" x2="0" y2="5" stroke-width="2"/></pattern></defs>` + "\n")
	s.printf(`<rect class="ground" width="%d" height="%d" rx="6"/>`+"\n", width, height)
	s.text(20, 26, "ink title", title)
}

func (s *sheet) close() string {
	s.printf("</svg>\n")
	return s.w.String()
}

func (s *sheet) text(x, y float64, class, text string) {
	s.printf(`<text class="%s" x="%s" y="%s">%s</text>`+"\n", class, short(x), short(y), html.EscapeString(text))
}

func (s *sheet) rect(x, y, w, h float64, class string) {
	s.printf(`<rect class="%s" x="%s" y="%s" width="%s" height="%s"/>`+"\n", class, short(x), short(y), short(w), short(h))
}

func (s *sheet) line(x1, y1, x2, y2 float64, class string) {
	s.printf(`<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`+"\n", class, short(x1), short(y1), short(x2), short(y2))
}

// short is a coordinate with a tenth of a pixel.
func short(v float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
}
