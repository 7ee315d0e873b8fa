package main

import "github.com/tailrace-go/tailrace/server/web/browser"

// shot is a page to be photographed.
type shot struct {
	name    string
	path    string                // with {names} of what is in samples, see table
	logins  bool                  // on a server where people have to log in; the others ask nobody
	live    bool                  // of a process that shows its pipelines, in place of a server
	prepare func(p *browser.Page) // what a person does before; nil: nothing
}

// table names stories of the demo: {clean-run} is the trace of a story, {clean-run.cause} the span that explains what
// happened, and {wrong-prompt.before} the earlier of two runs.
var table = []shot{
	{name: "traces", path: "/p/samples/traces"},
	{name: "trace", path: "/p/samples/traces/{clean-run}"},
	{name: "loop", path: "/p/samples/traces/{retry-loop}/{retry-loop.cause}"},
	{name: "overflow", path: "/p/samples/traces/{context-overflow}/{context-overflow.cause}?axis=tokens"},
	{name: "chat", path: "/p/samples/traces/{long-chat}/{long-chat.cause}"},
	{name: "large", path: "/p/samples/traces/{many-spans}"},
	{name: "running", path: "/p/samples/traces/{in-progress}"},
	{name: "compare", path: "/p/samples/compare?a={wrong-prompt.before}&b={wrong-prompt}"},
	{name: "metrics", path: "/p/samples/metrics"},
	{name: "pipeline", path: "/pipeline"},
	{name: "pipeline-live", live: true, prepare: func(p *browser.Page) { p.WaitFor("text*=is the bottleneck") }},
	{name: "project-settings", path: "/p/samples/settings"},
	{name: "settings", path: "/settings"},
	{name: "share", path: "/s/{share}"},
	{name: "login", path: "/login", logins: true},
	{name: "styleguide", path: "/styleguide"},
}
