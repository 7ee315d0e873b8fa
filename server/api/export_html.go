package api

import (
	"bytes"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// htmlFile is a trace as one page to read offline. It needs no script and loads nothing, which its own policy holds it
// to. First comes the tree with a bar for each span, then each span whole in the order of arrival, as it is read.
type htmlFile struct{ trace *store.Skeleton }

const htmlTime = "2006-01-02 15:04:05.000000 UTC"

// htmlRow is one span of the timeline.
type htmlRow struct {
	Kind, Indent, ID, Name, Type, Status, Took, X, Width string
}

func (f *htmlFile) open(b []byte) []byte {
	t := summaryOf(&f.trace.Trace)
	out := bytes.NewBuffer(b)
	cost := ""
	if t.CostUSD != nil {
		cost = fmt.Sprint(*t.CostUSD)
	}
	err := htmlHead.Execute(out, map[string]any{
		"Policy": htmlPolicy, "Style": template.CSS(htmlStyle), "Trace": t, "Cost": cost, //nolint:gosec // a constant
		"Start": t.Start.Format(htmlTime), "Duration": took(t.DurationNS), "Icons": htmlIcons, "Rows": f.rows(), "Truncated": f.trace.Truncated,
	})
	if err != nil { // a template over strings, into memory
		panic(err)
	}
	return out.Bytes()
}

// rows are the spans as a tree: children behind their parents, by start. A span whose parent is not here stands at the
// top, and so does one of a circle.
func (f *htmlFile) rows() []htmlRow {
	k := f.trace
	index := make(map[span.ID]int, k.Len())
	for i, id := range k.ID {
		index[id] = i
	}
	children := make([][]int, k.Len())
	var stack []int
	for i, id := range k.Parent {
		if p, ok := index[id]; ok && p != i {
			children[p] = append(children[p], i)
		} else {
			stack = append(stack, i)
		}
	}
	slices.Reverse(stack)
	depth, seen := make([]int, k.Len()), make([]bool, k.Len())
	rows := make([]htmlRow, 0, k.Len())
	visit := func() {
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if seen[i] {
				continue
			}
			seen[i] = true
			rows = append(rows, f.row(i, depth[i]))
			for j := len(children[i]) - 1; j >= 0; j-- {
				child := children[i][j]
				depth[child] = depth[i] + 1
				stack = append(stack, child)
			}
		}
	}
	visit()
	for i := range k.ID { // circles
		if !seen[i] {
			stack = append(stack, i)
			visit()
		}
	}
	return rows
}

func (f *htmlFile) row(i, depth int) htmlRow {
	k := f.trace
	total := float64(max(1, k.Trace.Duration))
	offset := float64(k.Start[i] - k.Trace.Start.UnixNano())
	width := float64(k.Dur[i])
	if width < 0 { // it runs
		width = total - offset
	}
	x := min(max(0, 100*offset/total), 99.8)
	return htmlRow{
		Kind: spanKind(k.Strings[k.Type[i]]), Indent: strings.Repeat("\u2003", min(depth, 64)), ID: string(k.ID[i]), Name: k.Strings[k.Name[i]], Type: k.Strings[k.Type[i]],
		Status: k.Status[i].String(), Took: took(k.Dur[i]), X: fmt.Sprintf("%.2f", x), Width: fmt.Sprintf("%.2f", min(max(0.2, 100*width/total), 100-x)),
	}
}

// took is a duration for a person.
func took(ns int64) string {
	if ns < 0 {
		return "running"
	}
	d := time.Duration(ns)
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.String()
}

// htmlPart is one value of a span.
type htmlPart struct {
	Name   string
	Blocks []htmlBlock
}

func (f *htmlFile) append(b []byte, full *store.FullSpan) ([]byte, error) {
	s := fullSpanOf(full)
	var parts []htmlPart
	add := func(name string, v span.Value) {
		if !v.IsNull() {
			parts = append(parts, htmlPart{name, blocksOf(v)})
		}
	}
	if s.Error != nil {
		text, err := encode(s.Error)
		if err != nil {
			return b, err
		}
		parts = append(parts, htmlPart{"Error", []htmlBlock{{Class: "said failed", Texts: []htmlText{{Text: s.Error.Message}, readable(span.Value(bytes.TrimSpace(text)))}}}})
	}
	add("Input", s.Input)
	add("Output", s.Output)
	add("Attributes", s.Attributes)
	add("Metadata", s.Metadata)
	add("Request context", s.Request)
	for _, e := range s.Events {
		add("Event", e)
	}
	for _, field := range s.Extra {
		add(field.Key, field.Value)
	}
	out := bytes.NewBuffer(b)
	err := htmlSpan.Execute(out, map[string]any{"S": s, "Kind": spanKind(string(s.Type)), "Took": took(s.DurationNS), "Start": s.Start.Format(htmlTime), "Parts": parts})
	return out.Bytes(), err
}

func (f *htmlFile) close(b []byte) []byte { return append(b, "</div></main></body></html>\n"...) }
