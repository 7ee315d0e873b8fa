package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tailrace-go/tailrace/server/access"
)

// metrics are what /metrics shows of the server itself. What it shows of projects is worked out for each caller.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMetrics(a *API) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tailrace_http_requests_total", Help: "Requests by route, none for those that have no route, and status.",
		}, []string{"route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tailrace_http_request_duration_seconds", Help: "Time to answer a request, but for live views.",
			Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
		}, []string{"route"}),
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), m.requests, m.duration,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tailrace_build_info", Help: "1, by version.", ConstLabels: prometheus.Labels{"version": a.cfg.Version},
		}, func() float64 { return 1 }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tailrace_live_views", Help: "Live views that are open.",
		}, func() float64 { return float64(a.streams.count()) }),
	)
	return m
}

// Measure counts the requests that next answers, by the pattern of their route, for /metrics. It goes around the router,
// so that refusals and the routes of ingest count too. Labels are patterns, never what a request says.
func (a *API) Measure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		watched := &watched{ResponseWriter: w, status: http.StatusOK}
		finished := false
		defer func() { // a handler may panic, which net/http reports
			if !finished && !watched.wrote {
				watched.status = http.StatusInternalServerError
			}
			route := r.Pattern
			if route == "" {
				route = "none"
			}
			a.metrics.requests.WithLabelValues(route, statusText(watched.status)).Inc()
			if watched.Header().Get("Content-Type") != eventStream {
				a.metrics.duration.WithLabelValues(route).Observe(time.Since(began).Seconds())
			}
		}()
		next.ServeHTTP(watched, r)
		finished = true
	})
}

// watched remembers the status of an answer.
type watched struct {
	http.ResponseWriter
	status int
	wrote  bool
}

// WriteHeader notes the status and passes it on.
func (w *watched) WriteHeader(status int) {
	if !w.wrote && status >= http.StatusOK {
		w.status, w.wrote = status, true
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write passes a piece of the answer on.
func (w *watched) Write(p []byte) (int, error) {
	w.wrote = true
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func statusText(status int) string { return strconv.Itoa(status) }

func (a *API) metricsOperation() operation {
	return operation{
		Route: access.Route{Method: http.MethodGet, Path: "/metrics", Need: access.Read},
		id:    "getMetrics", topic: "server", summary: "Metrics for Prometheus, of the projects that the caller may read; by project for who may read all",
		media: "text/plain", do: a.getMetrics,
	}
}

func (a *API) getMetrics(c *call) (any, error) {
	projects, err := a.visible(c.ctx(), c.g)
	if err != nil {
		return nil, err
	}
	snapshot := &snapshot{each: c.g.May(access.Read, ""), ingest: a.cfg.Ingest(), counts: map[string]IngestCounts{}}
	for _, p := range projects {
		stats, err := a.statsOf(c.ctx(), p)
		if err != nil {
			return nil, err
		}
		snapshot.projects = append(snapshot.projects, stats)
		snapshot.counts[p.ID] = snapshot.ingest.Projects[p.ID]
	}
	own := prometheus.NewRegistry()
	if err := own.Register(snapshot); err != nil {
		return nil, err
	}
	c.w.Header().Set("Cache-Control", "no-store")
	promhttp.HandlerFor(prometheus.Gatherers{a.metrics.registry, own}, promhttp.HandlerOpts{DisableCompression: true}).ServeHTTP(c.w, c.r)
	return answered{}, nil
}

// snapshot is what one caller is shown of the projects.
type snapshot struct {
	projects []projectStats
	counts   map[string]IngestCounts
	ingest   Ingest
	each     bool // by project
}

// Describe is empty, which makes the collector unchecked: its labels depend on the caller.
func (s *snapshot) Describe(chan<- *prometheus.Desc) {}

// Collect writes the figures of each project, or their sums.
func (s *snapshot) Collect(out chan<- prometheus.Metric) {
	if s.each {
		for _, p := range s.projects {
			e := emitter{out, []string{"project"}, []string{p.Project.ID}}
			e.store(sum([]projectStats{p}))
			e.ingest(s.counts[p.Project.ID])
		}
	} else {
		total := IngestCounts{}
		for _, c := range s.counts {
			total.add(c)
		}
		e := emitter{out: out}
		e.store(sum(s.projects))
		e.ingest(total)
	}
	e := emitter{out: out}
	queue := int64(0)
	for _, p := range s.projects {
		queue = max(queue, p.QueueBytes)
	}
	e.gauge("tailrace_store_queue_bytes", "Items that wait to be committed.", float64(queue))
	for status, n := range s.ingest.Requests {
		e.counter("tailrace_ingest_requests_total", "Ingest requests that were answered.", float64(n), "status", statusText(status))
	}
	e.counter("tailrace_ingest_wire_bytes_total", "Bodies as they arrived.", float64(s.ingest.WireBytes))
	e.gauge("tailrace_ingest_queue_bytes", "Bodies that are being worked on.", float64(s.ingest.QueueBytes))
	e.gauge("tailrace_ingest_waiting_requests", "Requests that nobody works on yet.", float64(s.ingest.Waiting))
	e.durations("tailrace_ingest_request_duration_seconds", "Time to answer an ingest request.", s.ingest.Latency)
}

// emitter makes metrics that share some labels.
type emitter struct {
	out    chan<- prometheus.Metric
	names  []string
	values []string
}

func (e emitter) store(s storeCounts) {
	e.counter("tailrace_store_items_total", "Spans and records that the store took, by what became of them.", float64(s.Stored), "state", "stored")
	e.counter("tailrace_store_items_total", "Spans and records that the store took, by what became of them.", float64(s.Repeated), "state", "repeated")
	for reason, n := range s.Rejected {
		e.counter("tailrace_store_rejected_items_total", "Spans and records that the store could not take.", float64(n), "reason", reason)
	}
	e.counter("tailrace_store_late_roots_total", "Roots that came later than a child.", float64(s.LateRoots))
	e.counter("tailrace_store_clock_total", "Spans whose start was not credible.", float64(s.Clock))
	e.counter("tailrace_store_commits_total", "Commits.", float64(s.Commits))
	e.gauge("tailrace_store_commit_seconds", "Time of a commit.", float64(s.CommitP50NS)/1e9, "quantile", "0.5")
	e.gauge("tailrace_store_commit_seconds", "Time of a commit.", float64(s.CommitP99NS)/1e9, "quantile", "0.99")
	e.gauge("tailrace_store_disk_bytes", "What is kept, on disk.", float64(s.Bytes))
	if s.Oldest != nil {
		if day, err := time.Parse(time.DateOnly, *s.Oldest); err == nil {
			e.gauge("tailrace_store_oldest_day_seconds", "Beginning of the oldest day that is kept, in seconds since 1970.", float64(day.Unix()))
		}
	}
	e.counter("tailrace_store_dropped_spans_total", "Spans that retention removed.", float64(s.Dropped.Spans))
	e.counter("tailrace_store_dropped_bytes_total", "Bytes that retention removed.", float64(s.Dropped.Bytes))
}

func (e emitter) ingest(c IngestCounts) {
	const help = "Spans and records that arrived, by what became of them."
	e.counter("tailrace_ingest_items_total", help, float64(c.Stored), "state", "stored")
	e.counter("tailrace_ingest_items_total", help, float64(c.Repeated), "state", "repeated")
	e.counter("tailrace_ingest_items_total", help, float64(c.Returned), "state", "returned")
	for reason, n := range c.Rejected {
		e.counter("tailrace_ingest_rejected_items_total", "Spans and records that were refused.", float64(n), "reason", string(reason))
	}
	e.counter("tailrace_ingest_cut_items_total", "Spans and records that were stored without something too long.", float64(c.Cut))
	e.counter("tailrace_ingest_unlinked_records_total", "Records without the trace id they came with, which is none.", float64(c.Unlinked))
}

func (e emitter) counter(name, help string, value float64, label ...string) {
	e.emit(prometheus.CounterValue, name, help, value, label)
}

func (e emitter) gauge(name, help string, value float64, label ...string) {
	e.emit(prometheus.GaugeValue, name, help, value, label)
}

// desc takes a further label, as name and value or not at all.
func (e emitter) desc(name, help string, label []string) (*prometheus.Desc, []string) {
	names, values := e.names, e.values
	if len(label) == 2 {
		names, values = append(names[:len(names):len(names)], label[0]), append(values[:len(values):len(values)], label[1])
	}
	return prometheus.NewDesc(name, help, names, nil), values
}

func (e emitter) emit(kind prometheus.ValueType, name, help string, value float64, label []string) {
	desc, values := e.desc(name, help, label)
	e.out <- prometheus.MustNewConstMetric(desc, kind, value, values...)
}

func (e emitter) durations(name, help string, d Durations) {
	if len(d.Counts) != len(d.Bounds)+1 {
		return // nothing counted yet
	}
	buckets, total := map[float64]uint64{}, uint64(0)
	for i, n := range d.Counts {
		total += uint64(n)
		if i < len(d.Bounds) {
			buckets[d.Bounds[i].Seconds()] = total
		}
	}
	desc, values := e.desc(name, help, nil)
	e.out <- prometheus.MustNewConstHistogram(desc, total, d.Sum.Seconds(), buckets, values...)
}
