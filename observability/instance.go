package observability

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
)

// instance is a running [Instance]: one pipeline that processes its spans, and behind it one for each exporter.
//
//	End → emitter → process → fan out ─→ emitter → Export of the first
//	                                  └→ emitter → Export of the second
type instance struct {
	name, service string
	cfg           Instance
	values        span.ValueLimits
	excluded      map[span.Type]bool
	disabled      string
	sampling      string // what a sampling function is called in the log
	late          atomic.Int64

	pipe    *pipeline.Pipeline
	emitter *source.Emitter[*span.Span]
	lanes   []*lane
	losses  *lossLog
	runs    sync.WaitGroup
}

// lane leads to one exporter.
type lane struct {
	owner    *instance
	name     string
	exporter Exporter
	pipe     *pipeline.Pipeline
	emitter  *source.Emitter[*span.Span]
	losses   *lossLog
}

func newInstance(cfg Instance, logger *slog.Logger) *instance {
	i := &instance{
		name: cfg.Name, service: cfg.ServiceName, cfg: cfg, values: cfg.Limits.values(),
		excluded: map[span.Type]bool{},
		sampling: "Sampling of instance " + cfg.Name,
		losses:   newLossLog(logger.With("instance", cfg.Name)),
	}
	for _, typ := range cfg.ExcludeTypes {
		i.excluded[typ.Canonical()] = true
	}
	i.disabled = whyDisabled(cfg.Exporters)
	i.pipe, i.emitter = i.newPipe("observability "+cfg.Name, i.losses)
	pipeline.To(pipeline.Via(pipeline.From(i.pipe, i.emitter), i.process()), i.fanOut())
	for _, e := range cfg.Exporters {
		l := &lane{owner: i, name: fmt.Sprintf("%T", e), exporter: e}
		l.losses = newLossLog(logger.With("instance", cfg.Name, "exporter", l.name))
		l.pipe, l.emitter = i.newPipe("observability "+cfg.Name+" "+l.name, l.losses)
		pipeline.To(pipeline.From(l.pipe, l.emitter), sink.Func(e.Export).Named("export"), pipeline.OnError(pipeline.Skip))
		i.lanes = append(i.lanes, l)
	}
	return i
}

func (i *instance) newPipe(name string, losses *lossLog) (*pipeline.Pipeline, *source.Emitter[*span.Span]) {
	p := pipeline.New(pipeline.Config{
		Name: name, MaxBytes: i.cfg.MaxBytes, MaxItemBytes: i.cfg.Limits.MaxSpanBytes, Grace: grace, OnLoss: losses.onLoss,
	})
	return p, source.NewEmitter[*span.Span](source.EmitterConfig{Queue: i.cfg.Queue, Overflow: pipeline.DropNewest})
}

// whyDisabled says why no exporter wants anything: spans are then not even recorded. "" if one does.
func whyDisabled(exporters []Exporter) (why string) {
	for _, e := range exporters {
		cloud, ok := e.(*CloudExporter)
		if !ok || cloud.State().Mode != CloudDisabled {
			return ""
		}
		why = ErrNoToken.Error()
	}
	return why
}

// start runs the pipelines. What their runs return is returned by their Shutdown, too.
func (i *instance) start() {
	i.runs.Go(func() { _ = i.pipe.Run(context.Background()) })
	for _, l := range i.lanes {
		i.runs.Go(func() { _ = l.pipe.Run(context.Background()) })
	}
}

// process is the stage that makes of a finished span what may leave the process. A panic in it fails that span alone.
func (i *instance) process() pipeline.Stage[*span.Span, *span.Span] {
	return pipeline.Fuse(func(in *pipeline.In[*span.Span], out *pipeline.Out[*span.Span]) func(**span.Span) {
		return func(item **span.Span) {
			s := *item
			for _, p := range i.cfg.Processors {
				keep, err := p.Process(s)
				if err != nil {
					in.Failed(item, err)
					return
				}
				if !keep {
					in.Filtered(item)
					return
				}
			}
			s.Fit(i.cfg.Limits.MaxSpanBytes) // a processor may have made it larger
			s.Freeze()                       // from here on many read it
			if i.cfg.SpanFilter != nil && !i.cfg.SpanFilter(s) {
				in.Filtered(item)
				return
			}
			out.Push(item)
		}
	}).Named("process").InPlace()
}

// fanOut gives a span to each lane. None of them ever waits.
func (i *instance) fanOut() pipeline.Sink[*span.Span] {
	return pipeline.FuseSink(func(in *pipeline.In[*span.Span]) func(**span.Span) {
		return func(item **span.Span) {
			for _, l := range i.lanes {
				_ = l.emitter.Emit(in.Context(), *item) // refused after the lane's end only, and counted there
			}
			in.Delivered(item)
		}
	}).Named("fan out")
}

// take hands a finished span over. It never waits: where there is no room, the span is dropped and counted.
func (i *instance) take(s *span.Span) {
	s.Attributes = i.values.Cut(s.Attributes)
	s.Fit(i.cfg.Limits.MaxSpanBytes)
	_ = i.emitter.Emit(context.Background(), s) // refused after Shutdown only, and counted by the pipeline
}

func newLossLog(logger *slog.Logger) *lossLog {
	return &lossLog{write: func(attrs ...slog.Attr) {
		logger.LogAttrs(context.Background(), slog.LevelWarn, "observability: spans lost", attrs...)
	}}
}

// onLoss implements OnLoss of a pipeline of spans.
func (l *lossLog) onLoss(_, reason string, item any) {
	if u, ok := item.(pipeline.Unknown); ok {
		l.add(reason, u.Items)
		return
	}
	l.add(reason, 1)
}
