package otel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tailrace-go/tailrace/pipeline"
)

// StatsSource is what has the statistics of a pipeline: a [*pipeline.Pipeline], a [*SpanProcessor], or a [StatsFunc].
type StatsSource interface{ Stats() pipeline.Stats }

// StatsFunc is a function that is a [StatsSource], for statistics that stand in others:
//
//	otel.StatsFunc(func() pipeline.Stats { return cloud.Stats().Pipeline })
type StatsFunc func() pipeline.Stats

// Stats calls f.
func (f StatsFunc) Stats() pipeline.Stats { return f() }

// The attributes of the instruments.
const (
	attrPipeline = "pipeline" // pipeline.Config.Name; a second one of that name has #2 behind it
	attrStage    = "stage"
	attrColumn   = "column" // of the ledger: accepted, made, delivered, filtered, dropped, failed, abandoned, refused; in and out of a stage
	attrReason   = "reason"
	attrState    = "state"    // busy, blocked, idle
	attrQuantile = "quantile" // 0.5, 0.9, 0.99, 1
)

// RegisterMetrics tells OpenTelemetry's metrics of pipelines, as observable instruments: they are read when a reader
// collects, and cost nothing in between. All counts are in items, since the pipeline began:
//
//	tailrace.pipeline.items             counter          {item}  pipeline, column         the ledger
//	tailrace.pipeline.dead_letters      counter          {item}  pipeline, column         that of the dead letters, if there were any
//	tailrace.pipeline.in_flight         up-down counter  {item}  pipeline                 in links and in the hands of stages
//	tailrace.pipeline.spooled           up-down counter  {item}  pipeline                 on disk, not yet delivered
//	tailrace.pipeline.bytes             up-down counter  By      pipeline                 charged to the byte budget
//	tailrace.pipeline.losses            counter          {item}  pipeline, stage, column, reason
//	tailrace.pipeline.stage.items       counter          {item}  pipeline, stage, column  in, out, and the ledger's columns
//	tailrace.pipeline.stage.held        up-down counter  {item}  pipeline, stage          in its hands
//	tailrace.pipeline.stage.queued      up-down counter  {item}  pipeline, stage          the depth of its link
//	tailrace.pipeline.stage.room        gauge            {value} pipeline, stage          what the link would still take
//	tailrace.pipeline.stage.time        counter          s       pipeline, stage, state   busy, blocked on what is downstream, idle
//	tailrace.pipeline.stage.restarts    counter          {restart} pipeline, stage
//	tailrace.pipeline.stage.latency     gauge            s       pipeline, stage, quantile  from an item's arrival until the stage was done with it
//	tailrace.pipeline.stage.batch_size  gauge            {item}  pipeline, stage, quantile
//
// A stage that runs on the goroutine of the one above has no link and no time of its own: no queued, room, time. The
// quantile 1 is the maximum. These names, units and attributes stay.
//
// unregister takes the instruments' callback away again; it may be called more than once. An error comes from the meter.
func RegisterMetrics(meter metric.Meter, pipelines ...StatsSource) (unregister func() error, err error) {
	in, err := newInstruments(meter)
	if err != nil {
		return nil, err
	}
	named := map[string]int{}
	var all []reported
	for i, p := range pipelines {
		if p == nil {
			return nil, fmt.Errorf("otel: RegisterMetrics: pipeline %d is nil", i)
		}
		name := p.Stats().Name
		named[name]++
		if n := named[name]; n > 1 {
			name = fmt.Sprintf("%s#%d", name, n)
		}
		all = append(all, reported{name, p})
	}
	registration, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, r := range all {
			in.observe(o, r.name, r.of.Stats())
		}
		return nil
	}, in.all...)
	if err != nil {
		return nil, fmt.Errorf("otel: RegisterMetrics: %w", err)
	}
	return registration.Unregister, nil
}

// reported is a pipeline and the name that its numbers have.
type reported struct {
	name string
	of   StatsSource
}

// instruments are those of RegisterMetrics.
type instruments struct {
	items, deadLetters, losses, stageItems, restarts metric.Int64ObservableCounter
	inFlight, spooled, bytes, held, queued           metric.Int64ObservableUpDownCounter
	room, batch                                      metric.Int64ObservableGauge
	times                                            metric.Float64ObservableCounter
	latency                                          metric.Float64ObservableGauge

	all []metric.Observable
}

func newInstruments(meter metric.Meter) (*instruments, error) {
	in := &instruments{}
	var errs []error
	keep := func(o metric.Observable, err error) {
		in.all = append(in.all, o)
		errs = append(errs, err)
	}
	counter := func(to *metric.Int64ObservableCounter, name, unit, what string) {
		var err error
		*to, err = meter.Int64ObservableCounter("tailrace.pipeline."+name, metric.WithUnit(unit), metric.WithDescription(what))
		keep(*to, err)
	}
	upDown := func(to *metric.Int64ObservableUpDownCounter, name, unit, what string) {
		var err error
		*to, err = meter.Int64ObservableUpDownCounter("tailrace.pipeline."+name, metric.WithUnit(unit), metric.WithDescription(what))
		keep(*to, err)
	}
	gauge := func(to *metric.Int64ObservableGauge, name, unit, what string) {
		var err error
		*to, err = meter.Int64ObservableGauge("tailrace.pipeline."+name, metric.WithUnit(unit), metric.WithDescription(what))
		keep(*to, err)
	}
	counter(&in.items, "items", "{item}", "Items by column of the pipeline's ledger.")
	counter(&in.deadLetters, "dead_letters", "{item}", "Items by column of the ledger of the flows of dead letters.")
	counter(&in.losses, "losses", "{item}", "Items that were dropped, failed or abandoned, by stage and reason.")
	counter(&in.stageItems, "stage.items", "{item}", "Items by column of the stage's account.")
	counter(&in.restarts, "stage.restarts", "{restart}", "How often the stage's function was called again after it failed.")
	upDown(&in.inFlight, "in_flight", "{item}", "Items in links and in the hands of stages.")
	upDown(&in.spooled, "spooled", "{item}", "Items on disk that are not yet delivered.")
	upDown(&in.bytes, "bytes", "By", "Bytes charged to the pipeline's budget.")
	upDown(&in.held, "stage.held", "{item}", "Items in the hands of the stage.")
	upDown(&in.queued, "stage.queued", "{item}", "Items that wait in the stage's link.")
	gauge(&in.room, "stage.room", "{value}", "Values that the stage's link would still take.")
	gauge(&in.batch, "stage.batch_size", "{item}", "Quantiles of the items in what the stage sent.")
	var err error
	in.times, err = meter.Float64ObservableCounter("tailrace.pipeline.stage.time", metric.WithUnit("s"),
		metric.WithDescription("How the stage's goroutines spent their time: busy, blocked on what is downstream, idle."))
	keep(in.times, err)
	in.latency, err = meter.Float64ObservableGauge("tailrace.pipeline.stage.latency", metric.WithUnit("s"),
		metric.WithDescription("Quantiles of the time from an item's arrival until the stage was done with it; sampled."))
	keep(in.latency, err)
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("otel: RegisterMetrics: %w", err)
	}
	return in, nil
}

// with are attributes, as keys and values in turn.
func with(keysAndValues ...string) metric.ObserveOption {
	attrs := make([]attribute.KeyValue, 0, len(keysAndValues)/2)
	for i := 0; i+1 < len(keysAndValues); i += 2 {
		attrs = append(attrs, attribute.String(keysAndValues[i], keysAndValues[i+1]))
	}
	return metric.WithAttributes(attrs...)
}

func (in *instruments) observe(o metric.Observer, name string, s pipeline.Stats) {
	for column, n := range columnsOf(s.Ledger) {
		o.ObserveInt64(in.items, n, with(attrPipeline, name, attrColumn, column))
	}
	if s.DeadLetters != (pipeline.Ledger{}) {
		for column, n := range columnsOf(s.DeadLetters) {
			o.ObserveInt64(in.deadLetters, n, with(attrPipeline, name, attrColumn, column))
		}
	}
	of := with(attrPipeline, name)
	o.ObserveInt64(in.inFlight, s.Ledger.InFlight, of)
	o.ObserveInt64(in.spooled, s.Ledger.Spooled, of)
	o.ObserveInt64(in.bytes, s.Bytes, of)
	for _, l := range s.Losses {
		o.ObserveInt64(in.losses, l.Items, with(attrPipeline, name, attrStage, l.Stage, attrColumn, l.Column, attrReason, l.Reason))
	}
	for i := range s.Stages {
		in.stage(o, name, &s.Stages[i])
	}
}

// columnsOf are the columns that only grow.
func columnsOf(l pipeline.Ledger) map[string]int64 {
	return map[string]int64{
		"accepted": l.Accepted, "made": l.Made, "delivered": l.Delivered, "filtered": l.Filtered,
		"dropped": l.Dropped, "failed": l.Failed, "abandoned": l.Abandoned, "refused": l.Refused,
	}
}

func (in *instruments) stage(o metric.Observer, name string, s *pipeline.StageStats) {
	for column, n := range map[string]int64{
		"in": s.In, "out": s.Out, "made": s.Made, "delivered": s.Delivered, "filtered": s.Filtered,
		"dropped": s.Dropped, "failed": s.Failed, "abandoned": s.Abandoned, "refused": s.Refused,
	} {
		o.ObserveInt64(in.stageItems, n, with(attrPipeline, name, attrStage, s.Name, attrColumn, column))
	}
	of := with(attrPipeline, name, attrStage, s.Name)
	o.ObserveInt64(in.held, s.Held, of)
	o.ObserveInt64(in.restarts, s.Restarts, of)
	if !s.Fused {
		o.ObserveInt64(in.queued, s.Queued, of)
		o.ObserveInt64(in.room, int64(s.Room), of)
		for state, d := range map[string]time.Duration{"busy": s.Busy, "blocked": s.Blocked, "idle": s.Idle} {
			o.ObserveFloat64(in.times, d.Seconds(), with(attrPipeline, name, attrStage, s.Name, attrState, state))
		}
	}
	quantiles(s.Latency, func(q string, n int64) {
		o.ObserveFloat64(in.latency, time.Duration(n).Seconds(), with(attrPipeline, name, attrStage, s.Name, attrQuantile, q))
	})
	quantiles(s.Batch, func(q string, n int64) {
		o.ObserveInt64(in.batch, n, with(attrPipeline, name, attrStage, s.Name, attrQuantile, q))
	})
}

func quantiles(q pipeline.Quantiles, observe func(quantile string, n int64)) {
	if q.Count == 0 {
		return
	}
	observe("0.5", q.P50)
	observe("0.9", q.P90)
	observe("0.99", q.P99)
	observe("1", q.Max)
}
