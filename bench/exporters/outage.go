package exporters

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
)

// The endpoint is away, the producers are flat out, and each span brings text of its own; then the program ends.
const (
	outageProducers = 8
	outageQueue     = 2048
	outageBatch     = 512
	outageBytes     = 16 << 20 // what ours may have; the others count spans
	outageShutdown  = 5 * time.Second
	outagePatience  = 3 * time.Second // with a Shutdown that does not return when its context ends
)

// outageLasts is how long spans are handed over, unless TAILRACE_OUTAGE says otherwise.
const outageLasts = 2 * time.Second

var outageFigures = []string{"heap-MiB", "shutdown-s", "silently-lost"}

// A guest is an exporter in an outage.
type guest struct {
	handOver func(ctx context.Context, c *call) (accepted bool, err error)
	shutdown func(ctx context.Context) error
	said     func() int // how many spans were lost, as it says itself once it is shut down
}

func outageJobs() []*Job {
	var all []*Job
	for _, mode := range []Mode{Refuse, Unavailable, Hang} {
		job := &Job{Name: "Outage/endpoint=" + string(mode), Base: "bsp", Figures: outageFigures}
		for _, g := range []struct {
			name  string
			start func(t task) (*guest, error)
		}{
			{"tailrace", visitTailrace}, {"tailrace-block", visitTailraceBlocking}, {"bsp", visitBSP}, {"exporterhelper", visitExporterhelper},
		} {
			job.Impls = append(job.Impls, Impl{g.name, func() ([]float64, error) {
				lasts := outageLasts
				if text := os.Getenv("TAILRACE_OUTAGE"); text != "" {
					var err error
					if lasts, err = time.ParseDuration(text); err != nil {
						return nil, fmt.Errorf("TAILRACE_OUTAGE: %w", err)
					}
				}
				figures, err := outage(g.start, mode, lasts, outageShutdown)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", g.name, err)
				}
				return figures, nil
			}})
		}
		all = append(all, job)
	}
	return all
}

func outage(start func(t task) (*guest, error), mode Mode, lasts, limit time.Duration) ([]float64, error) {
	p, err := pool()
	if err != nil {
		return nil, err
	}
	collector, err := shared()
	if err != nil {
		return nil, err
	}
	if err := collector.Set(mode, 0, false); err != nil {
		return nil, err
	}
	before, goroutines := liveHeap(), runtime.NumGoroutine()
	g, err := start(task{payload: p, address: collector.Address, compression: None, batch: outageBatch, queue: outageQueue, drop: true})
	if err != nil {
		return nil, err
	}
	o := &producing{payload: p, guest: g}
	most := o.run(lasts) - before
	spent, err := o.end(collector, limit)
	if err != nil {
		return nil, err
	}
	for range 100 { // what it may have left behind is not to be the next one's
		if runtime.NumGoroutine() <= goroutines {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return []float64{
		float64(max(most, 0)) / (1 << 20), spent.Seconds(), float64(o.accepted.Load() - int64(g.said())),
	}, nil
}

// liveHeap is what is reachable.
func liveHeap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// producing hands over while the endpoint is away.
type producing struct {
	payload  *payload
	guest    *guest
	paused   atomic.Bool
	accepted atomic.Int64
	failed   atomic.Pointer[error]
}

// run hands over for that long and returns the most live heap there was. It looks while the producers stand still, at a
// gate or in an exporter that has them wait, so that spans that are just being made do not count.
func (o *producing) run(lasts time.Duration) (most int64) {
	const pause, every = 20 * time.Millisecond, 250 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), lasts)
	defer cancel()
	var group sync.WaitGroup
	for p := range outageProducers {
		group.Go(func() { o.produce(ctx, p) })
	}
	look := func() {
		o.paused.Store(true)
		time.Sleep(pause)
		most = max(most, min(liveHeap(), liveHeap())) // of a cycle that garbage came into, the next one knows
		o.paused.Store(false)
	}
	for ctx.Err() == nil {
		select {
		case <-time.After(every):
			look()
		case <-ctx.Done():
		}
	}
	group.Wait()
	look()
	return most
}

func (o *producing) produce(ctx context.Context, producer int) {
	for i := 0; ctx.Err() == nil; i++ {
		if o.paused.Load() {
			time.Sleep(time.Millisecond)
			continue
		}
		c := o.payload.calls[(producer*len(o.payload.calls)/outageProducers+i)%len(o.payload.calls)]
		c.prompt, c.completion = strings.Clone(c.prompt), strings.Clone(c.completion)
		binary.BigEndian.PutUint64(c.id[:], uint64(producer+1)<<48|uint64(i+1))
		accepted, err := o.guest.handOver(ctx, &c)
		if err != nil && ctx.Err() == nil {
			o.failed.Store(&err)
			return
		}
		if accepted {
			o.accepted.Add(1)
		}
	}
}

// end shuts the exporter down and says how long that took, at most the limit and what patience there is beyond it. Then
// the endpoint is back, so that nothing of the exporter stays behind.
func (o *producing) end(collector *Collector, limit time.Duration) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	ended := make(chan struct{})
	start := time.Now()
	go func() {
		defer close(ended)
		_ = o.guest.shutdown(ctx) // what it says is asked for by said
	}()
	select {
	case <-ended:
	case <-time.After(limit + outagePatience):
	}
	spent := time.Since(start)
	err := collector.Set(OK, 0, false)
	<-ended
	if failed := o.failed.Load(); failed != nil {
		err = errors.Join(err, *failed)
	}
	return spent, err
}

func visitTailrace(t task) (*guest, error) { return tailraceGuest(t, observability.OverflowDropNewest) }

// visitTailraceBlocking has the producers wait: nothing is dropped while the program runs.
func visitTailraceBlocking(t task) (*guest, error) {
	return tailraceGuest(t, observability.OverflowBlock)
}

// tailraceGuest is our exporter, which has a budget in bytes.
func tailraceGuest(t task, overflow observability.CloudOverflow) (*guest, error) {
	e, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		IgnoreEnv: true, AccessToken: fakeToken, TracesEndpoint: "http://" + t.address + "/spans/publish",
		Logger: slog.New(slog.DiscardHandler), Compression: observability.CompressNone,
		MaxBatchSize: t.batch, MaxBatchWait: flushAfter, MaxBytes: outageBytes, Overflow: overflow,
	})
	if err != nil {
		return nil, err
	}
	lost := 0
	return &guest{
		handOver: func(ctx context.Context, c *call) (bool, error) {
			err := e.Export(ctx, c.record())
			return err == nil, err
		},
		shutdown: func(ctx context.Context) error {
			err := e.Shutdown(ctx)
			var loss *pipeline.LossError
			if errors.As(err, &loss) {
				lost = int(loss.Ledger.Lost())
			}
			return err
		},
		said: func() int { return lost },
	}, nil
}

// visitBSP does not learn whether a span was accepted, nor how many were lost.
func visitBSP(t task) (*guest, error) {
	res := resource.NewSchemaless(attribute.String("service.name", serviceName))
	processor, err := newBSP(t)
	if err != nil {
		return nil, err
	}
	return &guest{
		handOver: func(_ context.Context, c *call) (bool, error) {
			processor.OnEnd(c.snapshot(res))
			return true, nil
		},
		shutdown: processor.Shutdown,
		said:     func() int { return 0 },
	}, nil
}

// visitExporterhelper learns at the hand-off that the queue is full, and nothing later.
func visitExporterhelper(t task) (*guest, error) {
	e, err := newExporterhelper(t)
	if err != nil {
		return nil, err
	}
	return &guest{
		handOver: func(ctx context.Context, c *call) (bool, error) {
			return e.ConsumeTraces(context.WithoutCancel(ctx), c.traces()) == nil, nil
		},
		shutdown: e.Shutdown,
		said:     func() int { return 0 },
	}, nil
}
