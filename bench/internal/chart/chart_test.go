package chart

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// texts parses an SVG to its end and returns the content of its text elements.
func texts(t *testing.T, svg string) []string {
	t.Helper()
	from := xml.NewDecoder(strings.NewReader(svg))
	var all []string
	inside := false
	for {
		token, err := from.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inside = token.Name.Local == "text"
			for _, a := range token.Attr {
				if a.Name.Local == "href" || strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Errorf("<%s> has %s=%q", token.Name.Local, a.Name.Local, a.Value)
				}
			}
		case xml.CharData:
			if inside {
				all = append(all, string(token))
			}
		case xml.EndElement:
			inside = false
		}
	}
}

const awkward = `a <b> & "c" 'd' µs`

func TestPicturesAreWellFormedAndSayWhatTheyAreGiven(t *testing.T) {
	bars := []Panel{
		{Title: awkward, Note: awkward, Bars: []Bar{{awkward, 0.25, 0.3, Ours}, {"base", 1, 0, Base}, {"peer", 8.64, 0, Peer}, {"far", 12.3, 0, StandIn}}},
		{Title: "another", Bars: []Bar{{"tiny", 0.0012, 0, Ours}}},
		{Title: "a third", Bars: []Bar{{"tiny", 0.5, 0, Ours}}},
	}
	curves := Plot{Title: awkward, X: awkward, Y: awkward, Notes: []string{awkward}, TickX: func(x float64) string { return fmt.Sprint("x", x) },
		TickY: func(y float64) string { return fmt.Sprint("y", y) }, Curves: []Curve{
			{Name: awkward, X: []float64{1, 10, 100}, Y: []float64{50, 0.02, 70}, Steep: [][2]int{{1, 2}}},
			{Name: "one point", X: []float64{1}, Y: []float64{50}, Colour: 5, Dashed: true},
		}}
	for _, theme := range []Theme{Light, Dark, Auto} {
		svg := DrawBars(awkward, bars, []string{awkward}, theme)
		for _, want := range []string{awkward, "0.25", "8.6", "12", "0.001", "goal", "another"} {
			if !slices.Contains(texts(t, svg), want) {
				t.Errorf("bars: no text %q in\n%s", want, svg)
			}
		}
		svg = DrawCurves(curves, theme)
		for _, want := range []string{awkward, "x1", "x100", "one point", "y10"} {
			if !slices.Contains(texts(t, svg), want) {
				t.Errorf("curves: no text %q in\n%s", want, svg)
			}
		}
	}
}

func TestAThemeIsInTheFile(t *testing.T) {
	for theme, want := range map[Theme][2]bool{Light: {true, false}, Dark: {false, true}, Auto: {true, true}} {
		svg := DrawBars("t", nil, nil, theme)
		if got := [2]bool{strings.Contains(svg, light), strings.Contains(svg, dark)}; got != want {
			t.Errorf("theme %d has light and dark: %v, want %v", theme, got, want)
		}
	}
}

func TestColumnsKeepTheOrderOfPanels(t *testing.T) {
	panels := make([]Panel, 5)
	for i := range panels {
		panels[i] = Panel{Title: fmt.Sprint(i), Bars: make([]Bar, i+1)}
	}
	left, right, height := columns(panels)
	if got := slices.Concat(left, right); len(got) != 5 || got[0].Title != "0" || got[4].Title != "4" {
		t.Errorf("the order is %v", got)
	}
	if len(left) == 0 || len(right) == 0 || height <= 0 {
		t.Errorf("%d on the left, %d on the right, %v high", len(left), len(right), height)
	}
}

func TestTicksOfY(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      []float64
	}{
		{3, 60, []float64{5, 10, 20, 50}},
		{0.9, 50000, []float64{1, 10, 100, 1000, 10000}},
	} {
		if got := decades(c.low, c.high); !slices.Equal(got, c.want) {
			t.Errorf("decades(%v, %v) = %v, want %v", c.low, c.high, got, c.want)
		}
	}
}
