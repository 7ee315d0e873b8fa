package prometheus

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tailrace-go/tailrace/pipeline"
)

// StatsSource is what has the statistics of a pipeline: a [*pipeline.Pipeline] or a [StatsFunc].
type StatsSource interface{ Stats() pipeline.Stats }

// StatsFunc is a function that is a [StatsSource], for statistics that stand in others:
//
//	tailprom.StatsFunc(func() pipeline.Stats { return cloud.Stats().Pipeline })
type StatsFunc func() pipeline.Stats

// Stats calls f.
func (f StatsFunc) Stats() pipeline.Stats { return f() }

// Collector implements [prometheus.Collector] for any number of pipelines, which may come and go, and run or not.
type Collector struct {
	mu      sync.Mutex
	sources []*reported // in the order in which they were added
}

// NewCollector makes a Collector for pipelines, to which [Collector.Add] adds. An error says which of them is nil.
func NewCollector(pipelines ...StatsSource) (*Collector, error) {
	c := &Collector{}
	for i, p := range pipelines {
		if _, err := c.Add(p); err != nil {
			return nil, fmt.Errorf("%w: number %d", err, i)
		}
	}
	return c, nil
}

// Add shows a pipeline under its name; while one of that name is shown already, with #2 behind it. remove ends that, for
// instance when the run is over; it may be called more than once.
func (c *Collector) Add(p StatsSource) (remove func(), err error) {
	if p == nil {
		return nil, fmt.Errorf("%w: the pipeline is nil", pipeline.ErrConfig)
	}
	base := cmp.Or(p.Stats().Name, "pipeline")
	c.mu.Lock()
	defer c.mu.Unlock()
	r := &reported{name: base, of: p, floors: map[counted]float64{}}
	for n := 2; slices.ContainsFunc(c.sources, func(o *reported) bool { return o.name == r.name }); n++ {
		r.name = fmt.Sprintf("%s#%d", base, n)
	}
	c.sources = append(c.sources, r)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.sources = slices.DeleteFunc(c.sources, func(o *reported) bool { return o == r })
	}, nil
}

// Describe implements [prometheus.Collector].
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range descs {
		out <- d
	}
}

// Collect implements [prometheus.Collector]. It may be called concurrently.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	c.mu.Lock()
	sources := slices.Clone(c.sources)
	c.mu.Unlock()
	for _, r := range sources {
		r.collect(out)
	}
}

// reported is a pipeline, and the name that its numbers have.
type reported struct {
	name string
	of   StatsSource

	mu     sync.Mutex
	floors map[counted]float64
}

// counted names one counter of a pipeline.
type counted struct {
	desc   *prometheus.Desc
	labels [3]string
}

func (r *reported) collect(out chan<- prometheus.Metric) {
	s := r.of.Stats()
	r.ledger(out, itemsDesc, &s.Ledger)
	if s.DeadLetters != (pipeline.Ledger{}) {
		r.ledger(out, deadLettersDesc, &s.DeadLetters)
	}
	r.gauge(out, inFlightDesc, float64(s.Ledger.InFlight))
	r.gauge(out, spooledDesc, float64(s.Ledger.Spooled))
	r.gauge(out, bytesDesc, float64(s.Bytes))
	for _, l := range s.Losses {
		r.counter(out, lossesDesc, float64(l.Items), l.Stage, l.Column, l.Reason)
	}
	for i := range s.Stages {
		r.stage(out, &s.Stages[i])
	}
}

func (r *reported) ledger(out chan<- prometheus.Metric, desc *prometheus.Desc, l *pipeline.Ledger) {
	for _, c := range []struct {
		name  string
		items int64
	}{
		{"accepted", l.Accepted}, {"made", l.Made}, {"delivered", l.Delivered}, {"filtered", l.Filtered},
		{"dropped", l.Dropped}, {"failed", l.Failed}, {"abandoned", l.Abandoned}, {"refused", l.Refused},
	} {
		r.counter(out, desc, float64(c.items), c.name)
	}
}

func (r *reported) stage(out chan<- prometheus.Metric, s *pipeline.StageStats) {
	r.gauge(out, stageInfoDesc, 1, s.Name, s.Kind)
	r.gauge(out, stageWorkersDesc, float64(s.Workers), s.Name)
	for _, c := range []struct {
		name  string
		items int64
	}{
		{"in", s.In}, {"out", s.Out}, {"made", s.Made}, {"delivered", s.Delivered}, {"filtered", s.Filtered},
		{"dropped", s.Dropped}, {"failed", s.Failed}, {"abandoned", s.Abandoned}, {"refused", s.Refused},
	} {
		r.counter(out, stageItemsDesc, float64(c.items), s.Name, c.name)
	}
	r.gauge(out, stageHeldDesc, float64(s.Held), s.Name)
	r.counter(out, stageRestartsDesc, float64(s.Restarts), s.Name)
	if !s.Fused {
		r.gauge(out, stageQueuedDesc, float64(s.Queued), s.Name)
		r.gauge(out, stageRoomDesc, float64(s.Room), s.Name)
		r.counter(out, stageTimeDesc, s.Busy.Seconds(), s.Name, "busy")
		r.counter(out, stageTimeDesc, s.Blocked.Seconds(), s.Name, "blocked")
		r.counter(out, stageTimeDesc, s.Idle.Seconds(), s.Name, "idle")
	}
	r.summary(out, stageLatencyDesc, s.Latency, 1e9, s.Name)
	r.summary(out, stageBatchDesc, s.Batch, 1, s.Name)
}

func (r *reported) gauge(out chan<- prometheus.Metric, desc *prometheus.Desc, value float64, labels ...string) {
	out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, r.labels(labels)...)
}

// counter never falls: numbers that were read one after the other while items moved may be a few apart, and Prometheus
// would take one that is less than before for a new beginning.
func (r *reported) counter(out chan<- prometheus.Metric, desc *prometheus.Desc, value float64, labels ...string) {
	key := counted{desc: desc}
	copy(key.labels[:], labels)
	r.mu.Lock()
	value = max(value, r.floors[key])
	r.floors[key] = value
	r.mu.Unlock()
	out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, value, r.labels(labels)...)
}

func (r *reported) summary(out chan<- prometheus.Metric, desc *prometheus.Desc, q pipeline.Quantiles, unit float64, labels ...string) {
	if q.Count == 0 {
		return
	}
	quantiles := map[float64]float64{
		0.5: float64(q.P50) / unit, 0.9: float64(q.P90) / unit, 0.99: float64(q.P99) / unit, 1: float64(q.Max) / unit,
	}
	count := uint64(max(q.Count, 0))
	out <- prometheus.MustNewConstSummary(desc, count, math.NaN(), quantiles, r.labels(labels)...)
}

func (r *reported) labels(of []string) []string { return append([]string{r.name}, of...) }
