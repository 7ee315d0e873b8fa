package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/api"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/memory"
	"github.com/tailrace-go/tailrace/server/store/meta"
	"github.com/tailrace-go/tailrace/span"
)

// An API over a store in memory, behind a router that lets everybody in, lists the one trace that there is.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "tailrace")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := meta.Open(meta.Config{Dir: dir})
	if err != nil {
		panic(err)
	}
	defer func() { _ = db.Close() }()
	project, err := db.CreateProject(ctx, "shop", store.Limits{})
	if err != nil {
		panic(err)
	}

	traces := memory.New(memory.Config{})
	defer func() { _ = traces.Close() }()
	a, err := api.New(api.Config{Store: traces, Meta: db, Version: "v1"})
	if err != nil {
		panic(err)
	}
	router, err := access.NewRouter(access.Config{DB: db, Nobody: project.ID}, a.Routes()...)
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(a.Measure(router))
	defer server.Close()
	defer a.Drain() // before the server is closed, which would wait for live views

	start := time.Now().Add(-time.Minute)
	if _, err := traces.Append(ctx, project.ID, &store.Batch{Spans: []store.Item{{
		Span:    &span.Span{TraceID: span.NewTraceID(), ID: span.NewID(), Name: "answer", Type: span.TypeAgentRun, Root: true, Start: start, End: start.Add(2 * time.Second)},
		Service: "support",
	}}}); err != nil {
		panic(err)
	}

	reply, err := server.Client().Get(server.URL + "/api/projects/shop/traces?last=1h&status=success")
	if err != nil {
		panic(err)
	}
	defer reply.Body.Close()
	var page struct {
		Traces []struct {
			Name       string `json:"name"`
			Service    string `json:"service"`
			Status     string `json:"status"`
			DurationNS int64  `json:"duration_ns"`
		} `json:"traces"`
	}
	if err := json.NewDecoder(reply.Body).Decode(&page); err != nil {
		panic(err)
	}
	for _, t := range page.Traces {
		fmt.Println(reply.StatusCode, t.Service, t.Name, t.Status, time.Duration(t.DurationNS))
	}
	// Output: 200 support answer success 2s
}
