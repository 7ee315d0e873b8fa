package otel_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/trace"

	"github.com/tailrace-go/tailrace/connectors/otel"
	"github.com/tailrace-go/tailrace/pipeline"
)

// collected are the numbers that a reader gets, by instrument, unit and attributes, as text.
func collected(t *testing.T, reader sdkmetric.Reader) map[string]string {
	t.Helper()
	var data metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	put := func(name, unit string, set attribute.Set, v any) {
		var attrs []string
		for _, kv := range set.ToSlice() {
			attrs = append(attrs, string(kv.Key)+"="+kv.Value.String())
		}
		all[strings.TrimPrefix(name, "tailrace.pipeline.")+" "+strings.Join(attrs, " ")] = fmt.Sprint(v, " ", unit)
	}
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Description == "" {
				t.Errorf("%s has no description", m.Name)
			}
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range d.DataPoints {
					put(m.Name, m.Unit, p.Attributes, p.Value)
				}
			case metricdata.Gauge[int64]:
				for _, p := range d.DataPoints {
					put(m.Name, m.Unit, p.Attributes, p.Value)
				}
			case metricdata.Sum[float64]:
				for _, p := range d.DataPoints {
					put(m.Name, m.Unit, p.Attributes, p.Value)
				}
			case metricdata.Gauge[float64]:
				for _, p := range d.DataPoints {
					put(m.Name, m.Unit, p.Attributes, p.Value)
				}
			default:
				t.Errorf("%s is a %T", m.Name, d)
			}
		}
	}
	return all
}

// stats are those of a pipeline in which nothing moves.
var stats = pipeline.Stats{
	Name:        "cloud",
	Ledger:      pipeline.Ledger{Accepted: 100, Made: 5, Delivered: 60, Filtered: 10, Dropped: 7, Failed: 6, Abandoned: 5, Spooled: 4, InFlight: 13, Refused: 3},
	DeadLetters: pipeline.Ledger{Accepted: 6, Delivered: 6},
	Bytes:       4096,
	Losses:      []pipeline.Loss{{Stage: "queue", Column: "dropped", Reason: "queue_full", Items: 7}, {Stage: "post", Column: "failed", Reason: "rejected", Items: 6}},
	Stages: []pipeline.StageStats{
		{
			Name: "queue", Kind: "source", In: 100, Out: 93, Made: 2, Filtered: 1, Delivered: 0, Dropped: 7, Refused: 3, Held: 2, Queued: 11, Room: 512, Restarts: 4,
			Busy: 3 * time.Second, Blocked: 1500 * time.Millisecond, Idle: time.Minute,
			Latency: pipeline.Quantiles{Count: 10, P50: 1e6, P90: 2e6, P99: 3e6, Max: 4e6}, Batch: pipeline.Quantiles{Count: 2, P50: 10, P90: 20, P99: 30, Max: 31},
		},
		{Name: "post", Fused: true, In: 93, Delivered: 60, Failed: 6, Abandoned: 5, Busy: time.Second},
	},
}

func TestMetricsAreTheLedgers(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	processor := otel.NewSpanProcessor(&exporter{}, quiet)
	defer func() { _ = processor.Shutdown(context.Background()) }()
	unregister, err := otel.RegisterMetrics(provider.Meter("tailrace"),
		otel.StatsFunc(func() pipeline.Stats { return stats }), otel.StatsFunc(func() pipeline.Stats { return pipeline.Stats{Name: "cloud"} }), processor)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		processor.OnEnd(snapshot(n, trace.FlagsSampled))
	}
	if err := processor.ForceFlush(t.Context()); err != nil {
		t.Error(err)
	}
	got := collected(t, reader)
	want := map[string]string{
		"items column=accepted pipeline=cloud":                               "100 {item}",
		"items column=made pipeline=cloud":                                   "5 {item}",
		"items column=delivered pipeline=cloud":                              "60 {item}",
		"items column=filtered pipeline=cloud":                               "10 {item}",
		"items column=dropped pipeline=cloud":                                "7 {item}",
		"items column=failed pipeline=cloud":                                 "6 {item}",
		"items column=abandoned pipeline=cloud":                              "5 {item}",
		"items column=refused pipeline=cloud":                                "3 {item}",
		"dead_letters column=delivered pipeline=cloud":                       "6 {item}",
		"in_flight pipeline=cloud":                                           "13 {item}",
		"spooled pipeline=cloud":                                             "4 {item}",
		"bytes pipeline=cloud":                                               "4096 By",
		"losses column=dropped pipeline=cloud reason=queue_full stage=queue": "7 {item}",
		"losses column=failed pipeline=cloud reason=rejected stage=post":     "6 {item}",
		"stage.items column=in pipeline=cloud stage=queue":                   "100 {item}",
		"stage.items column=out pipeline=cloud stage=queue":                  "93 {item}",
		"stage.items column=made pipeline=cloud stage=queue":                 "2 {item}",
		"stage.items column=filtered pipeline=cloud stage=queue":             "1 {item}",
		"stage.items column=dropped pipeline=cloud stage=queue":              "7 {item}",
		"stage.items column=refused pipeline=cloud stage=queue":              "3 {item}",
		"stage.items column=delivered pipeline=cloud stage=post":             "60 {item}",
		"stage.items column=failed pipeline=cloud stage=post":                "6 {item}",
		"stage.items column=abandoned pipeline=cloud stage=post":             "5 {item}",
		"stage.held pipeline=cloud stage=queue":                              "2 {item}",
		"stage.queued pipeline=cloud stage=queue":                            "11 {item}",
		"stage.room pipeline=cloud stage=queue":                              "512 {value}",
		"stage.restarts pipeline=cloud stage=queue":                          "4 {restart}",
		"stage.time pipeline=cloud stage=queue state=busy":                   "3 s",
		"stage.time pipeline=cloud stage=queue state=blocked":                "1.5 s",
		"stage.time pipeline=cloud stage=queue state=idle":                   "60 s",
		"stage.latency pipeline=cloud quantile=0.5 stage=queue":              "0.001 s",
		"stage.latency pipeline=cloud quantile=0.9 stage=queue":              "0.002 s",
		"stage.latency pipeline=cloud quantile=0.99 stage=queue":             "0.003 s",
		"stage.latency pipeline=cloud quantile=1 stage=queue":                "0.004 s",
		"stage.batch_size pipeline=cloud quantile=0.5 stage=queue":           "10 {item}",
		"stage.batch_size pipeline=cloud quantile=1 stage=queue":             "31 {item}",
		"items column=accepted pipeline=cloud#2":                             "0 {item}",
		"items column=accepted pipeline=otel":                                "3 {item}",
		"items column=delivered pipeline=otel":                               "3 {item}",
		"stage.items column=delivered pipeline=otel stage=export":            "3 {item}",
	}
	for key, v := range want {
		if got[key] != v {
			t.Errorf("%s is %q, want %q", key, got[key], v)
		}
	}
	for key := range got {
		if strings.Contains(key, "stage=post") && (strings.HasPrefix(key, "stage.time") || strings.HasPrefix(key, "stage.room") || strings.HasPrefix(key, "stage.queued")) ||
			strings.HasPrefix(key, "dead_letters") && !strings.Contains(key, "pipeline=cloud") {
			t.Errorf("there is %s", key)
		}
	}
	for range 2 {
		if err := unregister(); err != nil {
			t.Error(err)
		}
	}
	if got := collected(t, reader); len(got) != 0 {
		t.Errorf("after unregister there is %v", slices.Sorted(func(yield func(string) bool) {
			for k := range got {
				if !yield(k) {
					return
				}
			}
		}))
	}
	if _, err := otel.RegisterMetrics(provider.Meter("tailrace"), nil); err == nil {
		t.Error("nil is a pipeline")
	}
}
