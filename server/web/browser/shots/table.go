package main

import "github.com/tailrace-go/tailrace/server/web/browser"

// shot is a page to be photographed.
type shot struct {
	name    string
	path    string                // with {names} of what is in samples
	logins  bool                  // on a server where people have to log in; the others ask nobody
	prepare func(p *browser.Page) // what a person does before; nil: nothing
}

var table = []shot{
	{name: "traces", path: "/p/samples/traces"},
	{name: "errors", path: "/p/samples/traces?status=error"},
	{name: "trace", path: "/p/samples/traces/{retries}"},
	{name: "span", path: "/p/samples/traces/{chat}/{answer}"},
	{name: "large", path: "/p/samples/traces/{workflow}"},
	{name: "compare", path: "/p/samples/compare?a={failed}&b={chat}"},
	{name: "metrics", path: "/p/samples/metrics"},
	{name: "pipeline", path: "/pipeline"},
	{name: "project-settings", path: "/p/samples/settings"},
	{name: "settings", path: "/settings"},
	{name: "share", path: "/s/{share}"},
	{name: "login", path: "/login", logins: true},
	{name: "styleguide", path: "/styleguide"},
}
