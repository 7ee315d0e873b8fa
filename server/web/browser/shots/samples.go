package main

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/demo"
	"github.com/tailrace-go/tailrace/server/internal/demo/stories"
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

// skeleton is what the API says of a trace: columns of its spans, in order of start.
type skeleton struct {
	Strings []string
	Spans   struct {
		ID, Status []string
		Name       []int // in Strings
	}
}

// furnish starts a server and the demo, which runs until the end: a server that nothing reaches looks dead.
func furnish(t *program) *samples {
	s := &samples{browser.Server(t, browser.Options{}), map[string]string{}}
	ctx, stop := context.WithCancel(t.ctx)
	ended := make(chan error, 1)
	go func() {
		_, err := demo.Run(ctx, demo.Config{
			Endpoint: s.URL + "/ai/spans/publish", Token: s.Tokens[browser.Samples], Rate: 5, Samples: true, Seed: 1,
		})
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the demo: %v", err)
		}
	})
	// Samples are sent in order, the oldest of the ordinary runs last: then the stories are whole.
	s.traces(t, "to="+url.QueryEscape(time.Now().Add(-12*time.Hour).UTC().Format(time.RFC3339)))
	for _, story := range stories.All() {
		s.find(t, story)
	}
	share := browser.Ask[struct{ Secret string }](t, s.Site, http.MethodPost, "/api/projects/samples/shares",
		map[string]any{"trace_id": s.names["clean-run"], "content": true})
	s.names["share"] = share.Secret
	return s
}

// find waits for a story and notes what addresses name of it.
func (s *samples) find(t *program, story stories.Story) {
	traces := s.traces(t, "tag="+url.QueryEscape(story.Tag()))
	id := traces.Traces[0].ID
	s.names[story.Name] = id
	s.names[story.Name+".before"] = traces.Traces[len(traces.Traces)-1].ID
	trace := browser.Ask[skeleton](t, s.Site, http.MethodGet, "/api/projects/samples/traces/"+id, nil)
	cause := -1
	for i, name := range trace.Spans.Name {
		failed := trace.Spans.Status[i] == "error"
		if trace.Strings[name] == story.Cause && (cause < 0 || failed && trace.Spans.Status[cause] != "error") {
			cause = i
		}
	}
	if cause >= 0 {
		s.names[story.Name+".cause"] = trace.Spans.ID[cause]
	}
}

// traces waits until there are some that a filter lets pass, and returns these, newest first.
func (s *samples) traces(t *program, filter string) list {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(browser.Patience); time.Now().Before(end); {
		if l := browser.Ask[list](t, s.Site, http.MethodGet, "/api/projects/samples/traces?"+filter, nil); len(l.Traces) > 0 {
			return l
		}
		select {
		case <-tick.C:
		case <-t.ctx.Done():
			t.Fatalf("%v", t.ctx.Err())
		}
	}
	t.Fatalf("no trace came for %s", filter)
	return list{}
}

var named = regexp.MustCompile(`\{([\w.-]+)\}`)

// address is where a page is.
func (s *samples) address(t *program, path string) string {
	return s.URL + named.ReplaceAllStringFunc(path, func(name string) string {
		id, ok := s.names[name[1:len(name)-1]]
		if !ok {
			t.Fatalf("%s: there is no %s in the samples", path, name)
		}
		return url.PathEscape(id)
	})
}
