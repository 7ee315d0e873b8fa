package api

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"regexp"
)

// htmlStyle has the colours and measures of the dashboard (web/src/style/tokens.css), as far as it needs them.
const htmlStyle = `
:root{color-scheme:light dark;--bg:#f6f8f8;--surface:#fff;--sunken:#eef2f2;--line-soft:#e3e9e9;--text:#14201f;--muted:#546463;--accent:#0b6e68;--accent-soft:#d5edea;--error:#b3221b;--error-soft:#fceae8;--good:#1d6f42;
--kind-agent:#6d4bd0;--kind-model:#1f63d4;--kind-step:#4f7fc0;--kind-tool:#a85e00;--kind-workflow:#1c7a4c;--kind-memory:#a8307f;--kind-guard:#66700a;--kind-other:#5b6b70}
@media(prefers-color-scheme:dark){:root{--bg:#0d1312;--surface:#131b1a;--sunken:#0a0f0f;--line-soft:#222e2d;--text:#e2ebe9;--muted:#9fb0ae;--accent:#4fd1c5;--accent-soft:#143834;--error:#ff8f86;--error-soft:#3b1917;--good:#5fd08f;
--kind-agent:#a996ff;--kind-model:#74abff;--kind-step:#8fb4dd;--kind-tool:#eba94a;--kind-workflow:#55c88b;--kind-memory:#ec84c6;--kind-guard:#bac64c;--kind-other:#94a7ac}}
*{box-sizing:border-box}
body{margin:0 auto;padding:24px;max-width:1280px;background:var(--bg);color:var(--text);font:13px/20px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue','Liberation Sans',sans-serif}
h1{margin:0;font-size:20px;line-height:28px;font-weight:600;overflow-wrap:anywhere}h2{margin:24px 0 8px;font-size:15px;font-weight:600}
a{color:inherit;text-decoration:none}a:hover{text-decoration:underline;color:var(--accent)}:focus-visible{outline:2px solid var(--accent);outline-offset:1px}
dl{display:flex;flex-wrap:wrap;gap:8px 24px;margin:12px 0}dt{font-size:12px;line-height:16px;color:var(--muted)}dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
code,pre{font:12px/18px ui-monospace,'SF Mono','Cascadia Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
.panel{background:var(--surface);border:1px solid var(--line-soft);border-radius:6px;overflow-x:auto}
table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:500;font-size:12px;color:var(--muted)}td,th{padding:1px 12px;height:24px;white-space:nowrap}th{height:30px;border-bottom:1px solid var(--line-soft)}
tbody tr:hover{background:var(--sunken)}td.name{max-width:440px;overflow:hidden;text-overflow:ellipsis}td.took{text-align:right;font-variant-numeric:tabular-nums}td.bar{width:50%;min-width:160px}
.bar svg{display:block;width:100%;height:12px}rect{fill:var(--kind)}.running rect{opacity:.6}.error rect{stroke:var(--error);stroke-width:2}
.defs{display:none}.i{width:16px;height:16px;margin-right:5px;vertical-align:-3px;flex:none;fill:none;stroke:currentColor;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}.kind .i{color:var(--kind)}
.quiet{color:var(--muted)}.bad{color:var(--error)}
details{border-bottom:1px solid var(--line-soft)}details:last-child{border-bottom:0}summary{padding:6px 12px;cursor:pointer;overflow-wrap:anywhere}summary:hover{background:var(--sunken)}details[open]>summary{font-weight:600}
.body{padding:0 12px 12px 34px}.body:target{background:var(--accent-soft)}
h3{margin:12px 0 4px;font-size:12px;font-weight:500;color:var(--muted)}
.text{background:var(--sunken);border:1px solid var(--line-soft);border-radius:6px;padding:8px 12px}.text+.text{margin-top:4px}
.said>b{display:block;font-size:12px;line-height:16px;color:var(--muted);font-weight:500}.said>pre:not(.json){font:inherit}.said>pre+pre{margin-top:8px;padding-top:8px;border-top:1px solid var(--line-soft)}
.role-user{border-left:3px solid var(--accent)}.role-assistant{border-left:3px solid var(--kind-model)}.role-tool{border-left:3px solid var(--kind-tool)}.role-system{border-left:3px solid var(--line-soft)}
.failed{background:var(--error-soft)}
.kind-agent{--kind:var(--kind-agent)}.kind-model{--kind:var(--kind-model)}.kind-step{--kind:var(--kind-step)}.kind-tool{--kind:var(--kind-tool)}.kind-workflow{--kind:var(--kind-workflow)}.kind-memory{--kind:var(--kind-memory)}.kind-guard{--kind:var(--kind-guard)}.kind-other{--kind:var(--kind-other)}
@media(max-width:640px){body{padding:12px}.type,.state{display:none}td.name{max-width:220px}.body{padding-left:12px}}
@media print{body{background:none}.panel{overflow:visible}}
`

// htmlPolicy lets in the one style by its hash.
var htmlPolicy = func() string {
	sum := sha256.Sum256([]byte(htmlStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}()

// htmlIcons are those of the dashboard (web/src/ui/icon.tsx), by the kind of span, and one for what failed.
var htmlIcons = map[string]string{
	"agent":    "M3.5 6.5h9v6h-9zM8 6.5V3.2M6 9.2v.6M10 9.2v.6M8 2.9v.1",
	"model":    "M8 2l1.6 4.4L14 8l-4.4 1.6L8 14l-1.6-4.4L2 8l4.4-1.6z",
	"step":     "M8 4.5l.9 2.6 2.6.9-2.6.9L8 11.5l-.9-2.6L4.5 8l2.6-.9z",
	"tool":     "M13.2 4.4a3.3 3.3 0 0 1-4.4 4.1L4.6 12.7a1.15 1.15 0 0 1-1.6-1.6l4.2-4.2a3.3 3.3 0 0 1 4.1-4.4L9.3 4.6l.4 1.7 1.7.4z",
	"workflow": "M2.5 3h4v3.5h-4zM9.5 9.5h4V13h-4zM4.5 6.5v4.8h5",
	"memory":   "M3 4.2c0-2.3 10-2.3 10 0s-10 2.3-10 0v7.6c0 2.3 10 2.3 10 0V4.2M3 8c0 2.3 10 2.3 10 0",
	"guard":    "M8 2l5 1.8v3.7c0 3-2.1 5.3-5 6.5-2.9-1.2-5-3.5-5-6.5V3.8zM5.8 7.9l1.6 1.6 2.9-3.1",
	"other":    "M8 3a5 5 0 1 0 .01 0z",
	"error":    "M8 2.5L14.3 13.2H1.7zM8 6.5v3.2M8 11.3v.2",
}

// htmlKinds say which types are of which kind; the first that fits counts. They are those of web/src/lib/kinds.ts.
var htmlKinds = []struct {
	types *regexp.Regexp
	kind  string
}{
	{regexp.MustCompile(`^(agent_run|invoke_agent|create_agent)$`), "agent"},
	{regexp.MustCompile(`^(chat|text_completion|generate_content)$`), "model"},
	{regexp.MustCompile(`^model_inference$`), "step"},
	{regexp.MustCompile(`^execute_tool$`), "tool"},
	{regexp.MustCompile(`^(embeddings|rag_embedding|memory_operation|retrieval)$`), "memory"},
	{regexp.MustCompile(`^(processor_run|classifier_evaluation|scorer_run|scorer_step)$`), "guard"},
	{regexp.MustCompile(`_generation$`), "model"},
	{regexp.MustCompile(`^(llm|model)_`), "step"},
	{regexp.MustCompile(`tool`), "tool"},
	{regexp.MustCompile(`^workflow`), "workflow"},
	{regexp.MustCompile(`^(rag|memory|graph)_|retriev|vector|embed`), "memory"},
	{regexp.MustCompile(`processor|guard|score|eval`), "guard"},
	{regexp.MustCompile(`agent`), "agent"},
}

// spanKind is the kind of a type of span: what gives it its colour and icon.
func spanKind(spanType string) string {
	for _, k := range htmlKinds {
		if k.types.MatchString(spanType) {
			return k.kind
		}
	}
	return "other"
}

// htmlIcon is part of the templates below, of something with a Kind.
const htmlIcon = `<svg class="i" aria-hidden="true"><use href="#i-{{.Kind}}"></use></svg>`

var htmlHead = template.Must(template.New("head").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{.Policy}}">
<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Trace.Name}} – trace {{.Trace.TraceID}}</title>
<style>{{.Style}}</style></head><body>
<svg class="defs" aria-hidden="true">{{range $name, $path := .Icons}}<symbol id="i-{{$name}}" viewBox="0 0 16 16"><path d="{{$path}}"></path></symbol>{{end}}</svg>
<main><h1>{{.Trace.Name}}</h1>
<dl><div><dt>Status</dt><dd>{{if eq .Trace.Status "error"}}<b class="bad"><svg class="i" aria-hidden="true"><use href="#i-error"></use></svg>error</b>{{else}}{{.Trace.Status}}{{end}}{{if .Trace.SpanErrors}}, spans that failed: {{.Trace.SpanErrors}}{{end}}</dd></div>
<div><dt>Duration</dt><dd>{{.Duration}}</dd></div><div><dt>Start</dt><dd>{{.Start}}</dd></div>
<div><dt>Service</dt><dd>{{.Trace.Service}}</dd></div><div><dt>Spans</dt><dd>{{.Trace.Spans}}</dd></div>
<div><dt>Tokens</dt><dd>{{.Trace.Tokens.Input}} in, {{.Trace.Tokens.Output}} out, {{.Trace.Tokens.Total}} in all</dd></div>
{{with .Cost}}<div><dt>Cost</dt><dd>{{.}} USD</dd></div>{{end}}<div><dt>Trace</dt><dd><code>{{.Trace.TraceID}}</code></dd></div></dl>
<h2>Timeline</h2>
<div class="panel"><table><thead><tr><th>Span</th><th class="type">Type</th><th class="state">Status</th><th>Duration</th><th>From start to end of the trace</th></tr></thead><tbody>
{{range .Rows}}<tr class="kind kind-{{.Kind}} {{.Status}}"><td class="name">{{.Indent}}` + htmlIcon + `<a href="#{{.ID}}">{{.Name}}</a></td><td class="type quiet">{{.Type}}</td><td class="state">{{if eq .Status "error"}}<b class="bad">error</b>{{else}}<span class="quiet">{{.Status}}</span>{{end}}</td><td class="took">{{.Took}}</td><td class="bar"><svg aria-hidden="true"><rect x="{{.X}}%" width="{{.Width}}%" height="12" rx="2"></rect></svg></td></tr>
{{end}}</tbody></table></div>
{{if .Truncated}}<p class="quiet">The timeline shows the first {{len .Rows}} spans from the root downwards. All are below.</p>{{end}}
<h2>Spans</h2>
<div class="panel">
`))

// htmlSpan has the anchor inside of what is folded, so that a link to it opens it.
var htmlSpan = template.Must(template.New("span").Parse(`<details><summary class="kind kind-{{.Kind}}">` + htmlIcon + `{{.S.Name}} <span class="quiet">{{.S.Type}}, {{.Took}}</span>{{if eq .S.Status "error"}} <b class="bad">error</b>{{end}}</summary>
<div class="body" id="{{.S.SpanID}}"><dl><div><dt>Span</dt><dd><code>{{.S.SpanID}}</code></dd></div>{{with .S.ParentID}}<div><dt>Parent</dt><dd><code>{{.}}</code></dd></div>{{end}}
<div><dt>Service</dt><dd>{{.S.Service}}</dd></div><div><dt>Start</dt><dd>{{.Start}}</dd></div></dl>
{{range .Parts}}<h3>{{.Name}}</h3>
{{range .Blocks}}<div class="text{{with .Class}} {{.}}{{end}}">{{with .Who}}<b>{{.}}</b>{{end}}{{range .Texts}}<pre{{if .JSON}} class="json"{{end}}>{{.Text}}</pre>{{end}}</div>
{{end}}{{end}}</div></details>
`))
