package live_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/live"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

// A script reads what the page shows.
func ExampleHandler() {
	p := pipeline.New(pipeline.Config{Name: "words"})
	long := stages.Filter(func(word string) bool { return len(word) > 3 })
	words := pipeline.From(p, source.Slice("plan", "the", "search"), pipeline.Name("read"))
	pipeline.To(pipeline.Via(words, long), sink.Each(func(string) {}), pipeline.Name("count"))

	mux := http.NewServeMux()
	mux.Handle("/debug/pipeline/", live.Handler(p))
	server := httptest.NewServer(mux)
	defer server.Close()
	if err := p.Run(context.Background()); err != nil {
		fmt.Println(err)
	}

	resp, err := server.Client().Get(server.URL + "/debug/pipeline/stats.json?pipeline=words")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	var report live.Report
	fmt.Println(json.Unmarshal(text, &report))
	for _, p := range report.Pipelines {
		fmt.Println(p.Name, p.State, p.Ledger.Accepted, "accepted, balance", p.Balance)
		for _, s := range p.Stages {
			fmt.Println(s.Kind, s.Name, s.From, s.Filtered, "filtered")
		}
	}
	// Output:
	// <nil>
	// words ended 3 accepted, balance 0
	// source read [] 0 filtered
	// stage filter [read] 1 filtered
	// sink count [filter] 0 filtered
}

// What has its pipeline within is shown by a function, and what shows any by its sources.
func ExampleFunc() {
	var exporter struct{ Stats pipeline.Stats } // as observability.CloudStats has
	exporter.Stats = pipeline.Stats{Name: "cloud", State: pipeline.StateRunning}
	within := live.Func(func() pipeline.Stats { return exporter.Stats })

	all := []live.Source{pipeline.New(pipeline.Config{Name: "audit"}), within}
	w := httptest.NewRecorder()
	live.Handler(all...).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/stats.json", http.NoBody))
	busy := func(s live.Stage) bool { return s.Lately != live.Pace{} }
	show := func(p live.Picture) { fmt.Println(p.Name, p.State, len(p.Stages), "stages", p.Bottleneck) }
	var report live.Report
	if err := json.Unmarshal(w.Body.Bytes(), &report); err == nil {
		show(report.Pipelines[1])
		fmt.Println(busy(live.Stage{}))
	}
	// Output:
	// cloud running 0 stages no stage is at work
	// false
}
