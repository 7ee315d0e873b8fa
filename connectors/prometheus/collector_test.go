package prometheus_test

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	tailprom "github.com/tailrace-go/tailrace/connectors/prometheus"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

// collect gathers by a registry that checks what it is given against the descriptions, and returns all numbers by
// name{labels}.
func collect(t *testing.T, c prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(c); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			name := f.GetName() + "{" + strings.Join(labels, ",") + "}"
			switch {
			case m.GetCounter() != nil:
				got[name] = m.GetCounter().GetValue()
			case m.GetGauge() != nil:
				got[name] = m.GetGauge().GetValue()
			case m.GetSummary() != nil:
				got[name+" count"] = float64(m.GetSummary().GetSampleCount())
				if !math.IsNaN(m.GetSummary().GetSampleSum()) {
					t.Errorf("%s has the sum %v", name, m.GetSummary().GetSampleSum())
				}
				for _, q := range m.GetSummary().GetQuantile() {
					if q.GetQuantile() == 1 {
						got[name+" max"] = q.GetValue()
					}
				}
			}
		}
	}
	return got
}

func collector(t *testing.T, of ...tailprom.StatsSource) *tailprom.Collector {
	t.Helper()
	c, err := tailprom.NewCollector(of...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// busy makes a pipeline in which something of each kind happens.
func busy(name string) *pipeline.Pipeline {
	p := pipeline.New(pipeline.Config{Name: name, MaxBytes: 1 << 20})
	letters := pipeline.NewDeadLetters[int](p)
	numbers := pipeline.From(p, source.Slice(1, 2, 3, 4, 5, 6, 7))
	odd := pipeline.Via(numbers, stages.Filter(func(n int) bool { return n%2 == 1 }))
	tried := pipeline.Via(odd, stages.TryMap(func(_ context.Context, n int) (int, error) {
		if n == 3 {
			return 0, errors.New("three")
		}
		return n, nil
	}), pipeline.Name("check"), pipeline.OnError(pipeline.ToDeadLetters(letters)), pipeline.Async())
	pipeline.To(pipeline.Via(tried, stages.Batch[int](stages.BatchConfig{MaxItems: 2})), sink.Discard[pipeline.Batch[int]]())
	pipeline.To(letters.Flow(), sink.Discard[pipeline.DeadLetter[int]]())
	return p
}

// Every number of Stats is there, and what it says is true.
func TestCollectorHasEveryNumber(t *testing.T) {
	p := busy("work")
	c := collector(t, p)
	if before := collect(t, c); before["tailrace_pipeline_items_total{column=accepted,pipeline=work}"] != 0 {
		t.Errorf("before the run: %v", before)
	}
	err := p.Run(t.Context())
	if loss := new(pipeline.LossError); !errors.As(err, &loss) {
		t.Fatal(err)
	}
	got := collect(t, c)
	for name, want := range map[string]float64{
		"tailrace_pipeline_items_total{column=accepted,pipeline=work}":                         7,
		"tailrace_pipeline_items_total{column=delivered,pipeline=work}":                        3,
		"tailrace_pipeline_items_total{column=filtered,pipeline=work}":                         3,
		"tailrace_pipeline_items_total{column=failed,pipeline=work}":                           1,
		"tailrace_pipeline_dead_letters_total{column=delivered,pipeline=work}":                 1,
		"tailrace_pipeline_in_flight{pipeline=work}":                                           0,
		"tailrace_pipeline_spooled{pipeline=work}":                                             0,
		"tailrace_pipeline_bytes{pipeline=work}":                                               0,
		"tailrace_pipeline_losses_total{column=failed,pipeline=work,reason=error,stage=check}": 1,
		"tailrace_pipeline_stage_info{kind=stage,pipeline=work,stage=batch}":                   1,
		"tailrace_pipeline_stage_workers{pipeline=work,stage=check}":                           1,
		"tailrace_pipeline_stage_items_total{column=in,pipeline=work,stage=check}":             4,
		"tailrace_pipeline_stage_items_total{column=out,pipeline=work,stage=check}":            3,
		"tailrace_pipeline_stage_held{pipeline=work,stage=batch}":                              0,
		"tailrace_pipeline_stage_queued{pipeline=work,stage=check}":                            0,
		"tailrace_pipeline_stage_restarts_total{pipeline=work,stage=check}":                    0,
		"tailrace_pipeline_stage_batch_size{pipeline=work,stage=batch} count":                  2,
		"tailrace_pipeline_stage_batch_size{pipeline=work,stage=batch} max":                    2,
	} {
		if n, has := got[name]; !has || n != want {
			t.Errorf("%s is %v (there: %v), want %v", name, n, has, want)
		}
	}
	for _, name := range []string{"time_seconds_total{pipeline=work,stage=check,state=busy}", "latency_seconds{pipeline=work,stage=check} max", "room{pipeline=work,stage=check}"} {
		if n := got["tailrace_pipeline_stage_"+name]; n <= 0 {
			t.Errorf("%s is %v", name, n)
		}
	}
	for _, name := range []string{"room{pipeline=work,stage=batch}", "time_seconds_total{pipeline=work,stage=batch,state=idle}"} {
		if _, has := got["tailrace_pipeline_stage_"+name]; has {
			t.Errorf("a fused stage has %s", name)
		}
	}
}

// The names, types and help texts are as Prometheus wants them.
func TestCollectorPassesPromlint(t *testing.T) {
	p := busy("work")
	_ = p.Run(t.Context()) // it loses items
	problems, err := testutil.CollectAndLint(collector(t, p))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}

// Seconds are seconds: in fake time the figures are exact.
func TestCollectorTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{Name: "slow"})
		pipeline.To(pipeline.From(p, source.Slice(1, 2, 3)), sink.Each(func(int) { time.Sleep(2 * time.Second) }), pipeline.Async(), pipeline.Name("sink"))
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := collect(t, collector(t, p))
		if n := got["tailrace_pipeline_stage_time_seconds_total{pipeline=slow,stage=sink,state=busy}"]; n != 6 {
			t.Errorf("busy for %v s, want 6", n)
		}
		if n := got["tailrace_pipeline_stage_latency_seconds{pipeline=slow,stage=sink} max"]; n < 2 || n > 6 {
			t.Errorf("an item took %v s, want 2 to 6", n)
		}
	})
}

func TestCollectorAddAndRemove(t *testing.T) {
	c := collector(t, busy("a"))
	if _, err := c.Add(nil); !errors.Is(err, pipeline.ErrConfig) {
		t.Errorf("Add(nil) returned %v", err)
	}
	if _, err := tailprom.NewCollector(busy("a"), nil); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), "number 1") {
		t.Errorf("NewCollector with a nil returned %v", err)
	}
	names := func() string {
		found := map[string]bool{}
		for name := range collect(t, c) {
			_, rest, _ := strings.Cut(name, "pipeline=")
			found[rest[:strings.IndexAny(rest, ",}")]] = true
		}
		return strings.Join(slices.Sorted(maps.Keys(found)), " ")
	}
	removeSecond, err := c.Add(busy("a"))
	if err != nil {
		t.Fatal(err)
	}
	removeNameless, err := c.Add(tailprom.StatsFunc(func() pipeline.Stats { return pipeline.Stats{} }))
	if err != nil {
		t.Fatal(err)
	}
	if got := names(); got != "a a#2 pipeline" {
		t.Errorf("shows %s", got)
	}
	removeSecond()
	removeSecond()
	if got := names(); got != "a pipeline" {
		t.Errorf("shows %s without the second", got)
	}
	if _, err := c.Add(busy("a")); err != nil {
		t.Fatal(err)
	}
	removeNameless()
	if got := names(); got != "a a#2" {
		t.Errorf("shows %s in the end", got)
	}
}

// A counter that was read a little too early is not shown as one that fell.
func TestCollectorCountersNeverFall(t *testing.T) {
	stats := pipeline.Stats{Stages: []pipeline.StageStats{{Name: "s", Out: 10, Queued: 3}}}
	c := collector(t, tailprom.StatsFunc(func() pipeline.Stats { return stats }))
	collect(t, c)
	stats.Stages[0].Out, stats.Stages[0].Queued = 9, 2
	got := collect(t, c)
	if n := got["tailrace_pipeline_stage_items_total{column=out,pipeline=pipeline,stage=s}"]; n != 10 {
		t.Errorf("the counter is %v", n)
	}
	if n := got["tailrace_pipeline_stage_queued{pipeline=pipeline,stage=s}"]; n != 2 {
		t.Errorf("the gauge is %v", n)
	}
}

// A scrape takes one picture of each pipeline, so its numbers belong together; scrapes may come at once, and pipelines go.
func TestCollectorTakesOnePicture(t *testing.T) {
	var pictures atomic.Int64
	c := collector(t, tailprom.StatsFunc(func() pipeline.Stats {
		n := pictures.Add(1)
		return pipeline.Stats{Ledger: pipeline.Ledger{Accepted: n, Delivered: n}}
	}))
	pictures.Store(0)
	got := collect(t, c) // registering does not look
	if n := pictures.Load(); n != 1 || got["tailrace_pipeline_items_total{column=accepted,pipeline=pipeline}"] != got["tailrace_pipeline_items_total{column=delivered,pipeline=pipeline}"] {
		t.Errorf("%d pictures: %v", n, got)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 50 {
			if remove, err := c.Add(busy("b")); err == nil {
				remove()
			}
		}
	}()
	for range 50 {
		collect(t, c)
	}
	<-done
}
