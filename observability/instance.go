package observability

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/tailrace-go/tailrace/internal/foreign"
	"github.com/tailrace-go/tailrace/internal/losslog"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
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
	redactor      *stages.Redactor // nil: none
	disabled      string
	sampling      string // what a sampling function is called in the log
	home          *Observability
	bridge        Bridge // nil: none
	late          atomic.Int64

	queue
	lanes []*lane
}

// lane leads to one exporter.
type lane struct {
	owner    *instance
	name     string
	exporter Exporter
	queue
}

// queue is a pipeline and its entry.
type queue struct {
	pipe    *pipeline.Pipeline
	emitter *source.Emitter[*span.Span]
	losses  *losslog.Log
	began   chan struct{}
	done    chan struct{}
}

func newInstance(cfg Instance, logger *slog.Logger) *instance {
	i := &instance{
		name: cfg.Name, service: cfg.ServiceName, cfg: cfg, values: cfg.Limits.values(),
		excluded: map[span.Type]bool{},
		sampling: "Sampling of instance " + cfg.Name,
	}
	for _, typ := range cfg.ExcludeTypes {
		i.excluded[typ.Canonical()] = true
	}
	i.redactor, _ = cfg.SensitiveData.redactor() // withDefaults has seen to the error
	i.disabled = whyDisabled(cfg.Exporters)
	i.queue = i.newQueue(cfg.Name, logger.With("instance", cfg.Name))
	pipeline.To(pipeline.Via(i.flow(), i.process()), i.fanOut())
	for _, e := range cfg.Exporters {
		l := &lane{owner: i, name: fmt.Sprintf("%T", e), exporter: e}
		l.queue = i.newQueue(cfg.Name+" "+l.name, logger.With("instance", cfg.Name, "exporter", l.name))
		pipeline.To(l.flow(), sink.Func(e.Export).Named("export"), pipeline.OnError(pipeline.Skip))
		i.lanes = append(i.lanes, l)
	}
	return i
}

func (i *instance) newQueue(name string, logger *slog.Logger) queue {
	q := queue{
		losses: losslog.To(logger, "observability: spans lost"), began: make(chan struct{}), done: make(chan struct{}),
		emitter: source.NewEmitter[*span.Span](source.EmitterConfig{Queue: i.cfg.Queue, Overflow: pipeline.DropNewest}),
	}
	q.pipe = pipeline.New(pipeline.Config{
		Name: "observability " + name, MaxBytes: i.cfg.MaxBytes, MaxItemBytes: i.cfg.Limits.MaxSpanBytes,
		Grace: foreign.Grace, OnLoss: q.losses.OnLoss,
	})
	return q
}

func (q *queue) flow() pipeline.Flow[*span.Span] {
	return pipeline.From(q.pipe, feed{q.emitter, sync.OnceFunc(func() { close(q.began) })}, pipeline.Name("queue"))
}

// start runs the pipeline and returns when it has begun: one that is shut down before would lose what came first.
func (q *queue) start() {
	go func() {
		defer close(q.done)
		_ = q.pipe.Run(context.Background()) // Shutdown returns the same
	}()
	select {
	case <-q.began:
	case <-q.done: // it could not be built, which withDefaults has ruled out; Shutdown would say why
	}
}

// shutdown ends the pipeline. When it returns no goroutine of it is left but those that do not heed their context.
func (q *queue) shutdown(ctx context.Context) error {
	err := q.pipe.Shutdown(ctx)
	<-q.done
	q.losses.Close()
	return err
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

// start runs the pipelines.
func (i *instance) start() {
	for _, l := range i.lanes {
		l.queue.start()
	}
	i.queue.start()
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
			if i.redactor != nil {
				i.redactor.Span(s) // what it fails on it blanks
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
