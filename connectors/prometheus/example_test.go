package prometheus_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	tailprom "github.com/tailrace-go/tailrace/connectors/prometheus"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

// A pipeline is shown at /metrics, beside what the program shows already.
func ExampleNewCollector() {
	p := pipeline.New(pipeline.Config{Name: "words"})
	words := pipeline.From(p, source.Slice("plan", "search", "answer"))
	long := pipeline.Via(words, stages.Filter(func(word string) bool { return len(word) > 4 }))
	pipeline.To(long, sink.Discard[string]())

	collector, err := tailprom.NewCollector(p)
	if err != nil {
		fmt.Println(err)
		return
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector)
	if err := p.Run(context.Background()); err != nil {
		fmt.Println(err)
	}

	page := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(page.Body.String()) {
		if strings.Contains(line, "pipeline_items_total") {
			fmt.Print(line)
		}
	}
	// Output:
	// # HELP tailrace_pipeline_items_total Items by column of the pipeline's ledger.
	// # TYPE tailrace_pipeline_items_total counter
	// tailrace_pipeline_items_total{column="abandoned",pipeline="words"} 0
	// tailrace_pipeline_items_total{column="accepted",pipeline="words"} 3
	// tailrace_pipeline_items_total{column="delivered",pipeline="words"} 2
	// tailrace_pipeline_items_total{column="dropped",pipeline="words"} 0
	// tailrace_pipeline_items_total{column="failed",pipeline="words"} 0
	// tailrace_pipeline_items_total{column="filtered",pipeline="words"} 1
	// tailrace_pipeline_items_total{column="made",pipeline="words"} 0
	// tailrace_pipeline_items_total{column="refused",pipeline="words"} 0
}

// A pipeline that runs for a while is shown for so long.
func ExampleCollector_Add() {
	collector, _ := tailprom.NewCollector() // no pipeline, no error
	p := pipeline.New(pipeline.Config{Name: "import"})
	pipeline.To(pipeline.From(p, source.Slice(1, 2, 3)), sink.Discard[int]())
	remove, err := collector.Add(p)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	fmt.Println(p.Run(context.Background()))
	// Output: <nil>
}
