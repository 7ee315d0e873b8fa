package exporters

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/bench/jobs"
)

// The job, from the first span handed over until Shutdown has returned.
const (
	endToEndSpans     = 20_000
	endToEndProducers = 8
	endToEndWarmUp    = 1200 // a full batch, and one that is not
	flushAfter        = 5 * time.Second
)

var endToEndFigures = []string{"spans/s", "cpu-µs/span", "wire-B/span", "allocs/span", "B/span", "lost"}

// A Compression of request bodies.
type Compression string

// The compressions. Each implementation has its own level of them.
const (
	None Compression = "none"
	Gzip Compression = "gzip"
	Zstd Compression = "zstd"
)

// A task is what an exporter is asked to do.
type task struct {
	payload     *payload
	address     string // host:port of the collector
	compression Compression
	batch       int // spans in a request
	queue       int // spans that may wait
	drop        bool
	spans       int // that will be handed over
}

// A rig is an exporter that runs. Either it takes spans from producers, or it does a whole run by itself.
type rig struct {
	handOver func(i int) error // span i of the task; called by many goroutines
	shutdown func(ctx context.Context) error

	whole func(n int) error
}

// A maker makes a rig, which has not touched a span yet.
type maker struct {
	name  string
	start func(t task) (*rig, error)
}

func endToEndJobs() []*Job {
	var all []*Job
	for _, batch := range []int{1000, 512} {
		for _, compression := range []Compression{None, Gzip, Zstd} {
			job := &Job{
				Name:    fmt.Sprintf("EndToEnd/compression=%s,batch=%d", compression, batch),
				Base:    "bsp",
				Figures: endToEndFigures,
			}
			add := func(name string, c Compression, start func(t task) (*rig, error)) {
				job.Impls = append(job.Impls, Impl{name, func() ([]float64, error) {
					return endToEnd(maker{name, start}, c, batch, endToEndSpans)
				}})
			}
			add("tailrace", compression, startTailrace)
			if compression == Zstd {
				job.Base = "bsp-gzip" // which is what it has
				add("bsp-gzip", Gzip, startBSP)
				add("exporterhelper-gzip", Gzip, startExporterhelper)
			} else {
				add("bsp", compression, startBSP)
			}
			add("exporterhelper", compression, startExporterhelper)
			add("reference", compression, startReference)
			if compression != None {
				add("reference-same-level", compression, startReferenceSameLevel)
			}
			all = append(all, job)
		}
	}
	return all
}

// endToEnd is one run, behind a small one with an exporter of its own. The collector keeps what comes, in memory that it
// has already, and decodes it once the time is taken.
func endToEnd(m maker, compression Compression, batch, spans int) ([]float64, error) {
	p, err := pool()
	if err != nil {
		return nil, err
	}
	collector, err := shared()
	if err != nil {
		return nil, err
	}
	t := task{payload: p, address: collector.Address, compression: compression, batch: batch, queue: 4 * batch}
	if _, _, err := deliver(m, t, collector, min(endToEndWarmUp, spans)); err != nil {
		return nil, err
	}
	cost, counts, err := deliver(m, t, collector, spans)
	if err != nil {
		return nil, err
	}
	n := float64(max(counts.Spans, 1))
	return []float64{
		float64(counts.Spans) / cost.wall.Seconds(), float64(cost.cpu.Nanoseconds()) / 1e3 / n, float64(counts.Bytes) / n,
		float64(cost.allocs) / n, float64(cost.bytes) / n, float64(spans - counts.Spans),
	}, nil
}

// A cost is what a run took of this process.
type cost struct {
	wall, cpu     time.Duration
	allocs, bytes uint64
}

// measure takes the cost of f.
func measure(f func() error) (cost, error) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, start := jobs.CPUTime(), time.Now()
	err := f()
	c := cost{wall: time.Since(start), cpu: jobs.CPUTime() - cpu}
	runtime.ReadMemStats(&after)
	c.allocs, c.bytes = after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
	return c, err
}

// deliver hands n spans to a new exporter, ends it, and says what that took and what has arrived. What has arrived may be
// too little, which the figures say; something else is an error.
func deliver(m maker, t task, collector *Collector, n int) (cost, Counts, error) {
	wrong := func(err error) (cost, Counts, error) {
		return cost{}, Counts{}, fmt.Errorf("%s, %s, %d spans: %w", m.name, t.compression, n, err)
	}
	if err := collector.Set(OK, 0, true); err != nil {
		return wrong(err)
	}
	t.spans = n
	r, err := m.start(t)
	if err != nil {
		return wrong(err)
	}
	spent, err := measure(func() error {
		if r.whole != nil {
			return r.whole(n)
		}
		if err := produce(endToEndProducers, n, r.handOver); err != nil {
			return err
		}
		return r.shutdown(context.Background())
	})
	if err != nil {
		return wrong(err)
	}
	got, err := collector.Counts()
	if err != nil {
		return wrong(err)
	}
	want := t.payload.expect(n)
	want.Requests, want.Bytes = got.Requests, got.Bytes
	if got.Spans >= want.Spans && got != want {
		return wrong(fmt.Errorf("the collector saw %+v, want %+v", got, want))
	}
	return spent, got, nil
}

// produce hands over spans 0 to n-1 from so many goroutines. They take them in turn, a few at a time, so that no batch
// has a span of the pool twice, whoever is faster.
func produce(producers, n int, handOver func(i int) error) error {
	const few = 16
	var next atomic.Int64
	var group sync.WaitGroup
	failed := make(chan error, producers)
	for range producers {
		group.Go(func() {
			for {
				end := int(next.Add(few))
				for i := end - few; i < min(end, n); i++ {
					if err := handOver(i); err != nil {
						failed <- err
						return
					}
				}
				if end >= n {
					return
				}
			}
		})
	}
	group.Wait()
	close(failed)
	return <-failed
}
