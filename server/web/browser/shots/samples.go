package main

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/demo"
	"github.com/tailrace-go/tailrace/server/web/browser"
)

// samples is a server with the samples of the demo, and what addresses name of them.
type samples struct {
	*browser.Site

	names map[string]string
}

// list is what the API says of traces.
type list struct {
	Traces []struct {
		ID string `json:"trace_id"`
	}
}

// skeleton is what the API says of a trace.
type skeleton struct {
	Spans struct{ ID []string } // in order of start
}

// furnish starts a server and the demo, which runs until the end: a server that nothing reaches looks dead.
func furnish(t *program) *samples {
	s := &samples{browser.Server(t, browser.Options{}), map[string]string{}}
	ctx, stop := context.WithCancel(t.ctx)
	ended := make(chan error, 1)
	go func() {
		_, err := demo.Run(ctx, demo.Config{
			Endpoint: s.URL + "/ai/spans/publish", Token: s.Tokens[browser.Samples], Rate: 50, Samples: true, Seed: 1,
		})
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the demo: %v", err)
		}
	})
	for name, query := range map[string]string{
		"workflow": "service=batch-jobs&status=success", "chat": "service=chat-api&status=success",
		"retries": "q=travel-agent&any_error=true", "failed": "status=error",
	} {
		s.names[name] = s.first(t, query)
	}
	trace := browser.Ask[skeleton](t, s.Site, http.MethodGet, "/api/projects/samples/traces/"+s.names["chat"], nil)
	s.names["answer"] = trace.Spans.ID[len(trace.Spans.ID)-1]
	share := browser.Ask[struct{ Secret string }](t, s.Site, http.MethodPost, "/api/projects/samples/shares",
		map[string]any{"trace_id": s.names["chat"], "content": true})
	s.names["share"] = share.Secret
	return s
}

// first waits for a trace and returns its id.
func (s *samples) first(t *program, query string) string {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(browser.Patience); time.Now().Before(end); {
		if l := browser.Ask[list](t, s.Site, http.MethodGet, "/api/projects/samples/traces?"+query, nil); len(l.Traces) > 0 {
			return l.Traces[0].ID
		}
		select {
		case <-tick.C:
		case <-t.ctx.Done():
			t.Fatalf("%v", t.ctx.Err())
		}
	}
	t.Fatalf("no trace came for %s", query)
	return ""
}

var named = regexp.MustCompile(`\{(\w+)\}`)

// address is where a page is.
func (s *samples) address(path string) string {
	return s.URL + named.ReplaceAllStringFunc(path, func(name string) string { return url.PathEscape(s.names[name[1:len(name)-1]]) })
}
