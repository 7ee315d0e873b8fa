package api

import (
	"net/http"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
)

// seriesOperations are about figures, and about the values that filters may have.
func (a *API) seriesOperations() []operation {
	return []operation{
		{
			Route: access.Route{Method: http.MethodGet, Path: "/api/projects/{p}/series", Need: access.Read},
			id:    "getSeries", topic: "figures", summary: "Returns figures over time; the last 24 hours unless from, to or last say otherwise",
			query: []parameter{
				{name: "metric", kind: "string", must: true, choices: []string{"count", "errors", "latency", "tokens", "cost"}, about: "what is counted. Latency is in ns, cost in USD"},
				{name: "of", kind: "string", choices: []string{"spans", "traces"}, about: "what counts, once it has ended; spans unless given. Tokens and cost are of spans"},
				{name: "by", kind: "string", choices: []string{"service", "model", "name", "type"}, about: "one series for each; without it there is one in all"},
				{name: "step", kind: "duration", about: "of one point: whole minutes, or whole hours for more than 6 h; about 100 points unless given"},
				{name: "from", kind: "date-time", about: "widened to whole steps"}, {name: "to", kind: "date-time", about: "widened to whole steps"},
				{name: "last", kind: "duration", about: "in place of from and to: a time such as 15m, 24h or 7d, back from now"},
				{name: "service", kind: "string", about: "only of this"}, {name: "type", kind: "string", about: "only of this"},
				{name: "model", kind: "string", about: "only of this"}, {name: "name", kind: "string", about: "only of this"},
				{name: "max_keys", kind: "integer", about: "the series with the highest counts, 1 to 1,000; the others become one, other; 50 unless given"},
			},
			reply: seriesReply{}, etag: true, do: a.getSeries, narrow: "ask for less time with from and to",
		},
		{
			Route: access.Route{Method: http.MethodGet, Path: "/api/projects/{p}/values/{key}", Need: access.Read},
			id:    "listValues", topic: "figures", summary: "Lists the values of a property for a filter box",
			query: []parameter{
				{name: "prefix", kind: "string", about: "how they begin"},
				{name: "limit", kind: "integer", about: "1 to 1,000; 100 unless given. Of more, the later seen are preferred"},
			},
			reply: valuesReply{}, do: a.listValues, narrow: "ask for a longer prefix",
		},
		{
			Route: access.Route{Method: http.MethodGet, Path: "/api/projects/{p}/stats", Need: access.Read},
			id:    "getStats", topic: "figures", summary: "Says what a project holds, and what became of what was sent to it", reply: projectStats{}, do: a.getStats,
		},
	}
}

// seriesReply is figures over time.
type seriesReply struct {
	StepS      int64        `json:"step_s"`      // seconds of one point
	T          []time.Time  `json:"t"`           // starts of the steps
	Series     []seriesLine `json:"series"`      // by falling count
	ErrorBound float64      `json:"error_bound"` // how far a value may be off, as a fraction of itself; 0: exact
}

// seriesLine is the figures of one key.
type seriesLine struct {
	Key    string              `json:"key"`    // empty for all in one; other for those beyond max_keys
	Values []*float64          `json:"values"` // one for each of t; null where nothing was measured. For latency it is p50
	Total  *float64            `json:"total"`  // of the whole range
	Parts  map[string]partLine `json:"parts"`  // of latency p95 and p99; of tokens input, output, cached and reasoning
}

// partLine is a further figure of a key.
type partLine struct {
	Values []*float64 `json:"values"`
	Total  *float64   `json:"total"`
}

// valuesReply is the values that a property has.
type valuesReply struct {
	Values []string `json:"values"` // sorted
}

// figure reads one number of a point; nil where nothing was measured.
type figure func(p *store.Point) *float64

func whole(read func(p *store.Point) int) figure {
	return func(p *store.Point) *float64 { return new(float64(read(p))) }
}

func percentile(read func(p *store.Point) time.Duration) figure {
	return func(p *store.Point) *float64 {
		if p.Count == 0 {
			return nil
		}
		return new(float64(read(p)))
	}
}

// figures are what a metric is made of: the value, then its parts.
var figures = map[string]struct {
	value figure
	parts map[string]figure
}{
	"count":  {value: whole(func(p *store.Point) int { return p.Count })},
	"errors": {value: whole(func(p *store.Point) int { return p.Errors })},
	"latency": {percentile(func(p *store.Point) time.Duration { return p.P50 }), map[string]figure{
		"p95": percentile(func(p *store.Point) time.Duration { return p.P95 }),
		"p99": percentile(func(p *store.Point) time.Duration { return p.P99 }),
	}},
	"tokens": {whole(func(p *store.Point) int { return p.Tokens.Total }), map[string]figure{
		"input":     whole(func(p *store.Point) int { return p.Tokens.Input }),
		"output":    whole(func(p *store.Point) int { return p.Tokens.Output }),
		"cached":    whole(func(p *store.Point) int { return p.Tokens.Cached }),
		"reasoning": whole(func(p *store.Point) int { return p.Tokens.Reasoning }),
	}},
	"cost": {value: func(p *store.Point) *float64 { return new(p.Cost.USD()) }},
}

func (a *API) getSeries(c *call) (any, error) {
	metric := c.query.Get("metric")
	q := store.SeriesQuery{
		By: store.Dimension(c.query.Get("by")), Traces: c.query.Get("of") == "traces", Latency: metric == "latency",
		Service: c.query.Get("service"), Type: c.query.Get("type"), Model: c.query.Get("model"), Name: c.query.Get("name"),
	}
	if q.Traces && (metric == "tokens" || metric == "cost") {
		return nil, invalid("of", "traces have no %s of their own: they are counted at spans", metric)
	}
	now := a.cfg.Now()
	var err error
	if q.From, q.To, err = c.span(now); err != nil {
		return nil, err
	}
	if q.To.IsZero() {
		q.To = now
	}
	if q.From.IsZero() {
		q.From = q.To.Add(-24 * time.Hour)
	}
	if q.MaxKeys, err = c.number("max_keys", 0, 1, 1000); err != nil {
		return nil, err
	}
	if step := c.query.Get("step"); step != "" {
		d, reason := store.ParseSpan(step)
		if reason != "" {
			return nil, invalid("step", "%s", reason)
		}
		q.Step = d
	}
	set, err := a.cfg.Store.Series(c.ctx(), c.project(), q)
	if err != nil {
		return nil, err
	}
	return tagged{set.Commit, seriesOf(&set, metric)}, nil
}

func seriesOf(set *store.SeriesSet, metric string) seriesReply {
	reply := seriesReply{StepS: int64(set.Step / time.Second), T: list(set.Times), Series: make([]seriesLine, len(set.Series))}
	if metric == "latency" {
		reply.ErrorBound = store.ErrorBound
	}
	f := figures[metric]
	for i := range set.Series {
		s := &set.Series[i]
		line := seriesLine{Key: s.Key, Values: read(s.Points, f.value), Total: f.value(&s.Total), Parts: map[string]partLine{}}
		for name, part := range f.parts {
			line.Parts[name] = partLine{read(s.Points, part), part(&s.Total)}
		}
		reply.Series[i] = line
	}
	return reply
}

func read(points []store.Point, f figure) []*float64 {
	values := make([]*float64, len(points))
	for i := range points {
		values[i] = f(&points[i])
	}
	return values
}

func (a *API) listValues(c *call) (any, error) {
	limit, err := c.number("limit", 0, 1, 1000)
	if err != nil {
		return nil, err
	}
	values, err := a.cfg.Store.Values(c.ctx(), c.project(), c.r.PathValue("key"), c.query.Get("prefix"), limit)
	return valuesReply{list(values)}, err
}
