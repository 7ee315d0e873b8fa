package exporters

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/ptrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

// What the traced program pays for handing finished spans over, to a queue with room for all of them, from which nothing is
// sent.
const (
	handOffSpans   = 40_000
	handOffQueue   = 40_100
	handOffRepeats = 5  // a run is the median of so many: one takes a few milliseconds
	sampleEvery    = 97 // hand-offs, of which one is timed
)

var handOffFigures = []string{"ns/span", "p99-ns", "allocs/span", "lost"}

// A bin takes spans, holds or discards them, and says at its end which it got.
type bin struct {
	handOver func(i int) error
	end      func() (tally, error)
}

// A tally is how many spans there were, and the sum of their ids, 0 where nobody looked at them.
type tally struct {
	Spans int
	Sum   uint64
}

func (t *tally) add(id [8]byte) {
	t.Spans++
	t.Sum += binary.BigEndian.Uint64(id[:])
}

// tallyOf is the tally of the first n spans.
func (p *payload) tallyOf(n int) (t tally) {
	for i := range n {
		t.add(p.calls[i%len(p.calls)].id)
	}
	return t
}

// A binMaker makes an empty bin.
type binMaker struct {
	name  string
	start func(t task) (*bin, error)
}

func handOffJobs() []*Job {
	var all []*Job
	for _, producers := range []int{1, 2, 8, 64} {
		job := &Job{Name: fmt.Sprintf("HandOff/producers=%d", producers), Base: "bsp", Figures: handOffFigures}
		for _, m := range []binMaker{
			{"tailrace", holdTailrace}, {"bsp", holdBSP}, {"exporterhelper", holdExporterhelper},
			{"exporterhelper-built", holdExporterhelperBuilt}, {"chan", holdChan},
		} {
			job.Impls = append(job.Impls, Impl{m.name, func() ([]float64, error) {
				return handOff(m, task{batch: handOffQueue, queue: handOffQueue, drop: true}, producers, handOffSpans, handOffRepeats)
			}})
		}
		all = append(all, job)
	}
	return all
}

// handOff fills so many bins, and gives the medians. A bin has to end with what it was given, unless the task says that
// it may drop some, or with less, which the figures say.
func handOff(m binMaker, t task, producers, n, repeats int) ([]float64, error) {
	p, err := pool()
	if err != nil {
		return nil, err
	}
	t.payload, t.spans = p, n
	figures := make([][]float64, len(handOffFigures))
	want := p.tallyOf(n)
	for range repeats {
		b, err := m.start(t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		samples := newSamples(producers, n)
		spent, err := measure(func() error { return fill(producers, n, b.handOver, samples) })
		got, ended := b.end()
		if err := errors.Join(err, ended); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		if got.Spans > n || got.Spans == n && got.Sum != 0 && got != want {
			return nil, fmt.Errorf("%s has %+v, was given %+v", m.name, got, want)
		}
		for i, f := range []float64{
			float64(spent.wall.Nanoseconds()) / float64(n), samples.p99(), float64(spent.allocs) / float64(n), float64(n - got.Spans),
		} {
			figures[i] = append(figures[i], f)
		}
	}
	return medians(figures), nil
}

// medians takes the middle of each.
func medians(figures [][]float64) []float64 {
	middle := make([]float64, len(figures))
	for i, values := range figures {
		slices.Sort(values)
		middle[i] = values[len(values)/2]
	}
	return middle
}

// samples are the times of some hand-offs, by producer.
type samples [][]time.Duration

func newSamples(producers, n int) samples {
	s := make(samples, producers)
	for i := range s {
		s[i] = make([]time.Duration, 0, n/producers/sampleEvery+2)
	}
	return s
}

func (s samples) p99() float64 {
	all := slices.Concat(s...)
	slices.Sort(all)
	return float64(all[(len(all)-1)*99/100].Nanoseconds())
}

// fill hands over spans 0 to n-1, each producer its share of them in one piece.
func fill(producers, n int, handOver func(i int) error, s samples) error {
	var group sync.WaitGroup
	failed := make(chan error, producers)
	for p := range producers {
		group.Go(func() {
			for i := p * n / producers; i < (p+1)*n/producers; i++ {
				var began time.Time
				if i%sampleEvery == 0 {
					began = time.Now()
				}
				if err := handOver(i); err != nil {
					failed <- err
					return
				}
				if i%sampleEvery == 0 {
					s[p] = append(s[p], time.Since(began))
				}
			}
		})
	}
	group.Wait()
	close(failed)
	return <-failed
}

// holdTailrace is our exporter with a batch that never fills. At the end it is shut down with no time to send: what it
// holds it then gives up, one by one.
func holdTailrace(t task) (*bin, error) {
	var mu sync.Mutex
	var got tally
	var wrong error
	e, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		IgnoreEnv: true, AccessToken: fakeToken, TracesEndpoint: "http://localhost/spans/publish", Logger: slog.New(slog.DiscardHandler),
		Transport:    noTransport{},
		MaxBatchSize: t.batch, MaxBatchWait: time.Hour, Queue: t.queue,
		Senders: 1, MaxSenders: 1, MaxBatchBytes: 256 << 20, MaxBytes: 1 << 30, // no limit but that of the queue
		OnLoss: func(_, _ string, item any) {
			mu.Lock()
			defer mu.Unlock()
			switch item := item.(type) {
			case *span.Span:
				id, _ := item.ID.Bytes()
				got.add(id)
			case pipeline.Batch[*span.Span]:
				for _, s := range item {
					id, _ := s.ID.Bytes()
					got.add(id)
				}
			case *pipeline.Body: // a batch that the end has found on its way to the sender
				for _, part := range item.Parts {
					got.add(idOfRecord(item.Plain[part.From:part.To]))
				}
			default:
				wrong = fmt.Errorf("a loss of %T", item)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	records := t.payload.records
	return &bin{
		handOver: func(i int) error { return e.TryExport(records[i%len(records)]) },
		end: func() (tally, error) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_ = e.Shutdown(ctx) // all that was lost
			mu.Lock()
			defer mu.Unlock()
			if l := e.Stats().Ledger; wrong == nil && (l.Lost() != int64(got.Spans) || l.Balance() != 0) {
				wrong = fmt.Errorf("%d spans were given up, the ledger says %+v", got.Spans, l)
			}
			return got, wrong
		},
	}, nil
}

// idOfRecord finds the id in a record of the wire, and zeros where there is none.
func idOfRecord(record []byte) [8]byte {
	_, rest, _ := bytes.Cut(record, []byte(`"spanId":"`))
	digits, _, _ := bytes.Cut(rest, []byte{'"'})
	id, _ := span.ID(digits).Bytes()
	return id
}

// noTransport is never asked.
type noTransport struct{}

func (noTransport) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("nothing is sent")
}

// counting is an exporter for OpenTelemetry's SDK that only counts.
type counting struct{ got tally }

func (c *counting) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, s := range spans {
		c.got.add(s.SpanContext().SpanID())
	}
	return nil
}

func (c *counting) Shutdown(context.Context) error { return nil }

func holdBSP(t task) (*bin, error) {
	e, snapshots := new(counting), t.payload.snapshots
	processor := processorOf(t, e)
	return &bin{
		handOver: func(i int) error {
			processor.OnEnd(snapshots[i%len(snapshots)])
			return nil
		},
		end: func() (tally, error) {
			err := processor.Shutdown(context.Background())
			return e.got, err
		},
	}, nil
}

// holdExporterhelper makes each span when it is handed over, as whoever has no ptrace.Traces has to.
func holdExporterhelper(t task) (*bin, error) {
	return countExporterhelper(t, func(t task, e consume) func(i int) error {
		calls, ctx := t.payload.calls, context.Background()
		return func(i int) error { return e(ctx, calls[i%len(calls)].traces()) }
	})
}

// holdExporterhelperBuilt has the spans ready, as a receiver has.
func holdExporterhelperBuilt(t task) (*bin, error) {
	return countExporterhelper(t, func(t task, e consume) func(i int) error {
		calls, ctx, all := t.payload.calls, context.Background(), make([]ptrace.Traces, t.spans)
		for i := range all {
			all[i] = calls[i%len(calls)].traces()
		}
		return func(i int) error { return e(ctx, all[i]) }
	})
}

type consume = func(ctx context.Context, td ptrace.Traces) error

// countExporterhelper counts in place of sending. Its batches have 1000 spans at most, as those of its users have.
func countExporterhelper(t task, handOver func(t task, e consume) func(i int) error) (*bin, error) {
	var mu sync.Mutex
	var got tally
	t.batch = min(t.batch, 1000)
	e, err := exporterhelper.NewTraces(context.Background(), settingsOf(component.MustNewType("counting")), struct{}{},
		func(_ context.Context, td ptrace.Traces) error {
			mu.Lock()
			defer mu.Unlock()
			for _, rs := range td.ResourceSpans().All() {
				for _, ss := range rs.ScopeSpans().All() {
					for _, s := range ss.Spans().All() {
						got.add(s.SpanID())
					}
				}
			}
			return nil
		}, exporterhelper.WithQueue(someQueue(t)))
	if err != nil {
		return nil, err
	}
	if err := e.Start(context.Background(), nopHost); err != nil {
		return nil, err
	}
	over := handOver(t, e.ConsumeTraces)
	return &bin{
		handOver: func(i int) error {
			if err := over(i); err != nil && !(t.drop && errors.Is(err, exporterhelper.ErrQueueIsFull)) {
				return err
			}
			return nil
		},
		end: func() (tally, error) {
			err := e.Shutdown(context.Background())
			mu.Lock()
			defer mu.Unlock()
			return got, err
		},
	}, nil
}

// holdChan is one buffered channel, with a reader that keeps what it reads. What it has no room for is dropped where the
// task says so.
func holdChan(t task) (*bin, error) {
	ch, records := make(chan *span.Span, t.queue), t.payload.records
	held := make([]*span.Span, 0, t.spans)
	var reader sync.WaitGroup
	reader.Go(func() {
		for s := range ch {
			held = append(held, s)
		}
	})
	handOver := func(i int) error {
		ch <- records[i%len(records)]
		return nil
	}
	if t.drop {
		handOver = func(i int) error {
			select {
			case ch <- records[i%len(records)]:
			default:
			}
			return nil
		}
	}
	return &bin{
		handOver: handOver,
		end: func() (got tally, err error) {
			close(ch)
			reader.Wait()
			for _, s := range held {
				id, _ := s.ID.Bytes()
				got.add(id)
			}
			return got, nil
		},
	}, nil
}
