package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
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

const htmlStyle = `
body{font:14px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.3rem}h2{font-size:1.05rem;margin-top:2rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.5rem 0}dt{color:#57606a}dd{margin:0}
table{border-collapse:collapse;width:100%}td,th{padding:.1rem .5rem .1rem 0;text-align:left;white-space:nowrap}th{color:#57606a;font-weight:600}
td.bar{width:50%}svg{display:block;width:100%;height:12px}rect{fill:#3b6fb6}.error rect{fill:#c0362c}.running rect{fill:#8a6d00}
td.error,b.error{color:#b3261e}code,pre{font:12px/1.5 ui-monospace,monospace}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f3f4f6;padding:.6rem;border-radius:4px;margin:.2rem 0 .8rem}
details{border-top:1px solid #d8dee4;padding:.3rem 0}summary{cursor:pointer}.quiet{color:#57606a}
@media(prefers-color-scheme:dark){body{color:#e6e9ec;background:#15181c}pre{background:#20252b}dt,th,.quiet{color:#9aa4ae}details{border-color:#333a42}rect{fill:#6f9fe0}td.error,b.error{color:#ff8a80}a{color:#8ab4f8}}
`

// htmlPolicy lets in the one style by its hash.
var htmlPolicy = func() string {
	sum := sha256.Sum256([]byte(htmlStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}()

var htmlHead = template.Must(template.New("head").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{.Policy}}">
<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex"><meta name="viewport" content="width=device-width">
<title>{{.Trace.Name}} – trace {{.Trace.TraceID}}</title>
<style>{{.Style}}</style></head><body>
<h1>{{.Trace.Name}}</h1>
<dl><dt>trace</dt><dd><code>{{.Trace.TraceID}}</code></dd>
<dt>status</dt><dd>{{if eq .Trace.Status "error"}}<b class="error">error</b>{{else}}{{.Trace.Status}}{{end}}{{if .Trace.SpanErrors}}, {{.Trace.SpanErrors}} spans failed{{end}}</dd>
<dt>service</dt><dd>{{.Trace.Service}}</dd>
<dt>start</dt><dd>{{.Start}}</dd><dt>duration</dt><dd>{{.Duration}}</dd>
<dt>spans</dt><dd>{{.Trace.Spans}}</dd>
<dt>tokens</dt><dd>{{.Trace.Tokens.Input}} in, {{.Trace.Tokens.Output}} out, {{.Trace.Tokens.Total}} in all</dd>
{{with .Cost}}<dt>cost</dt><dd>{{.}} USD</dd>{{end}}</dl>
<h2>Timeline</h2>
<table><thead><tr><th>span</th><th>type</th><th>status</th><th>duration</th><th>from start to end of the trace</th></tr></thead><tbody>
{{range .Rows}}<tr><td>{{.Indent}}<a href="#{{.ID}}">{{.Name}}</a></td><td>{{.Type}}</td><td class="{{.Status}}">{{.Status}}</td><td>{{.Took}}</td><td class="bar {{.Status}}"><svg aria-hidden="true"><rect x="{{.X}}%" width="{{.Width}}%" height="12"></rect></svg></td></tr>
{{end}}</tbody></table>
{{if .Truncated}}<p class="quiet">The timeline shows the first {{len .Rows}} spans from the root downwards. All are below.</p>{{end}}
<h2>Spans</h2>
`))

var htmlSpan = template.Must(template.New("span").Parse(`<details id="{{.S.SpanID}}"><summary>{{.S.Name}} <span class="quiet">{{.S.Type}}, {{.Took}}</span>{{if eq .S.Status "error"}} <b class="error">error</b>{{end}}</summary>
<dl><dt>span</dt><dd><code>{{.S.SpanID}}</code></dd>{{with .S.ParentID}}<dt>parent</dt><dd><code>{{.}}</code></dd>{{end}}
<dt>service</dt><dd>{{.S.Service}}</dd><dt>start</dt><dd>{{.Start}}</dd></dl>
{{range .Parts}}<div class="quiet">{{.Name}}</div><pre>{{.Text}}</pre>
{{end}}</details>
`))

const htmlTime = "2006-01-02 15:04:05.000000 UTC"

// htmlRow is one span of the timeline.
type htmlRow struct {
	Indent, ID, Name, Type, Status, Took, X, Width string
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
		"Start": t.Start.Format(htmlTime), "Duration": took(t.DurationNS), "Rows": f.rows(), "Truncated": f.trace.Truncated,
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
		Indent: strings.Repeat("\u2003", min(depth, 64)), ID: string(k.ID[i]), Name: k.Strings[k.Name[i]], Type: k.Strings[k.Type[i]],
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

// htmlPart is one value of a span, as indented JSON or plain text.
type htmlPart struct{ Name, Text string }

func (f *htmlFile) append(b []byte, full *store.FullSpan) ([]byte, error) {
	s := fullSpanOf(full)
	var parts []htmlPart
	add := func(name string, v span.Value) {
		if !v.IsNull() {
			parts = append(parts, htmlPart{name, readable(v)})
		}
	}
	if s.Error != nil {
		text, err := encode(s.Error)
		if err != nil {
			return b, err
		}
		add("error", span.Value(bytes.TrimSpace(text)))
	}
	add("input", s.Input)
	add("output", s.Output)
	add("attributes", s.Attributes)
	add("metadata", s.Metadata)
	add("request context", s.Request)
	for _, e := range s.Events {
		add("event", e)
	}
	for _, field := range s.Extra {
		add(field.Key, field.Value)
	}
	out := bytes.NewBuffer(b)
	err := htmlSpan.Execute(out, map[string]any{"S": s, "Took": took(s.DurationNS), "Start": s.Start.Format(htmlTime), "Parts": parts})
	return out.Bytes(), err
}

func (f *htmlFile) close(b []byte) []byte { return append(b, "</body></html>\n"...) }

// readable is a value as a person reads it: a text as it is, all else indented.
func readable(v span.Value) string {
	if text, ok := v.Text(); ok {
		return text
	}
	var out bytes.Buffer
	if json.Indent(&out, []byte(v), "", "  ") != nil {
		return string(v)
	}
	return out.String()
}
