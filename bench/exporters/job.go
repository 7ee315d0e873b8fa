package exporters

import (
	"slices"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/tailrace-go/tailrace/span"
)

// A Job is one shape of work and everyone who does it.
type Job struct {
	Name    string   // as in the name of its benchmark: "EndToEnd/compression=gzip,batch=1000"
	Base    string   // the implementation that ratios are taken against unless one is named
	Figures []string // what a run gives, with units; ratios are of the first
	Impls   []Impl
}

// An Impl is one way to do a job.
type Impl struct {
	Name string
	Run  func() ([]float64, error) // does it once, checked; its figures are those that the job names
}

// Jobs are all the jobs, in the order of the tables.
func Jobs() []*Job {
	return slices.Concat(handOffJobs(), onEndJobs(), boundedJobs(), endToEndJobs(), boundJobs(), outageJobs())
}

// A payload is the same spans in the form that each implementation takes. Nothing in it changes, except that whoever
// consumes a ptrace.Traces owns it, and so gets one that is made for it.
type payload struct {
	calls     []call
	records   []*span.Span
	snapshots []sdktrace.ReadOnlySpan
}

// pool is the payload of all jobs.
var pool = sync.OnceValues(func() (*payload, error) {
	calls, err := newCalls(poolSpans)
	if err != nil {
		return nil, err
	}
	p := &payload{calls: calls}
	res := resource.NewSchemaless(attribute.String("service.name", serviceName))
	for i := range calls {
		p.records = append(p.records, calls[i].record())
		p.snapshots = append(p.snapshots, calls[i].snapshot(res))
	}
	return p, nil
})

// expect is what a collector has to count when each of the first n spans came once, the pool being used again and again.
func (p *payload) expect(n int) Counts {
	c := Counts{Spans: n, IDs: min(n, len(p.calls)), Most: (n + len(p.calls) - 1) / len(p.calls)}
	for i := range n {
		c.Sum += p.calls[i%len(p.calls)].sum()
	}
	return c
}

// shared is the collector of all jobs of this process.
var shared = sync.OnceValues(StartCollector)
