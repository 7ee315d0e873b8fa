package api

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

// Ingest is what the receiving half has counted since it started. An API only shows it.
type Ingest struct {
	Projects map[string]IngestCounts // by a project's id; of those that sent something

	Requests      map[int]int64 // answered, by HTTP status
	WireBytes     int64         // of bodies as they arrived
	QueueBytes    int64         // of bodies that are being worked on
	MaxQueueBytes int64
	Waiting       int // requests that nobody works on yet
	Latency       Durations
}

// IngestCounts is what became of the spans and records that a project was sent: Received = Stored + Repeated + the sum
// of Rejected. Returned ones are outside of it: their sender was told to send them again.
type IngestCounts struct {
	Received, Stored, Repeated, Returned int64
	Rejected                             map[store.Reason]int64
	Cut                                  int64 // stored, but for something too long
	Unlinked                             int64 // records without the trace id they came with, which is none
	LastSeen                             time.Time
}

// Durations counts durations, as a histogram of Prometheus does.
type Durations struct {
	Bounds []time.Duration // upper ends of the buckets, inclusive, rising
	Counts []int64         // one for each bound, and one for what is above the last; not added up
	Sum    time.Duration
}

// Exporter is what a sender says of itself: Accepted + Made = Delivered + Filtered + Dropped + Failed + Abandoned +
// Spooled + what is on its way.
type Exporter struct {
	Project  string    `json:"project"`
	Instance string    `json:"instance"` // as it calls itself
	LastSeen time.Time `json:"last_seen"`

	Accepted  int64 `json:"accepted"`
	Made      int64 `json:"made"`
	Delivered int64 `json:"delivered"`
	Filtered  int64 `json:"filtered"`  // on purpose
	Dropped   int64 `json:"dropped"`   // for lack of room
	Failed    int64 `json:"failed"`    // by an error
	Abandoned int64 `json:"abandoned"` // at the end of a drain
	Spooled   int64 `json:"spooled"`   // on its disk
	Queued    int64 `json:"queued"`
}

// projectStats is what a project holds, and what became of its items since the server started.
type projectStats struct {
	Project projectRef `json:"project"`
	Commit  uint64     `json:"commit"` // number of the latest
	Bytes   int64      `json:"bytes"`  // on disk
	Days    []dayStats `json:"days"`   // newest first
	Oldest  *string    `json:"oldest"` // day that is kept; null when there is none
	Limits  limits     `json:"limits"`

	Received  int64            `json:"received"` // = stored + repeated + the sum of rejected
	Stored    int64            `json:"stored"`
	Repeated  int64            `json:"repeated"` // known before
	Rejected  map[string]int64 `json:"rejected"` // by reason
	LateRoots int64            `json:"late_roots"`
	Clock     int64            `json:"clock"` // spans whose start was not credible

	Commits     int64        `json:"commits"`
	CommitP50NS int64        `json:"commit_p50_ns"`
	CommitP99NS int64        `json:"commit_p99_ns"`
	QueueBytes  int64        `json:"queue_bytes"` // waiting to be committed
	Dropped     droppedStats `json:"dropped"`     // by retention
}

// projectRef names a project.
type projectRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// dayStats is one day of a project.
type dayStats struct {
	Day     string `json:"day"` // such as 2026-11-22, UTC
	Bytes   int64  `json:"bytes"`
	Traces  int64  `json:"traces"`
	Spans   int64  `json:"spans"`
	Records int64  `json:"records"`
}

// limits say how long a project keeps its traces.
type limits struct {
	KeepNS    int64 `json:"keep_ns"`    // -1: for ever
	KeepBytes int64 `json:"keep_bytes"` // -1: no limit
}

// droppedStats is what retention removed.
type droppedStats struct {
	Days   int64 `json:"days"`
	Traces int64 `json:"traces"`
	Spans  int64 `json:"spans"`
	Bytes  int64 `json:"bytes"`
}

func (a *API) getStats(c *call) (any, error) {
	return a.statsOf(c.ctx(), c.g.Project())
}

func (a *API) statsOf(ctx context.Context, p meta.Project) (projectStats, error) {
	s, err := a.cfg.Store.Stats(ctx, p.ID)
	if err != nil {
		return projectStats{}, err
	}
	l := s.Limits.WithDefaults()
	out := projectStats{
		Project: projectRef{p.ID, p.Name}, Commit: s.Commit, Bytes: s.Bytes, Days: make([]dayStats, len(s.Days)),
		Limits:   limits{max(-1, int64(l.KeepFor)), max(-1, l.KeepBytes)},
		Received: s.Received, Stored: s.Stored, Repeated: s.Repeated, Rejected: byReason(s.Rejected), LateRoots: s.LateRoots, Clock: s.Clock,
		Commits: s.Commits, CommitP50NS: int64(s.CommitP50), CommitP99NS: int64(s.CommitP99), QueueBytes: s.QueueBytes,
		Dropped: droppedOf(s.Dropped),
	}
	for i, d := range s.Days {
		out.Days[i] = dayStats{Day: d.Day, Bytes: d.Bytes, Traces: d.Traces, Spans: d.Spans, Records: d.Record}
		out.Oldest = &out.Days[i].Day
	}
	return out, nil
}

func droppedOf(d store.Dropped) droppedStats {
	return droppedStats{Days: d.Days, Traces: d.Traces, Spans: d.Spans, Bytes: d.Bytes}
}

// byReason is never nil.
func byReason(rejected map[store.Reason]int64) map[string]int64 {
	out := make(map[string]int64, len(rejected))
	for reason, n := range rejected {
		out[string(reason)] = n
	}
	return out
}

// visible lists the projects that a caller may read, by name.
func (a *API) visible(ctx context.Context, g access.Grant) ([]meta.Project, error) {
	projects, err := a.cfg.Meta.Projects(ctx)
	return slices.DeleteFunc(projects, func(p meta.Project) bool { return !g.May(access.Read, p.ID) }), err
}

func (a *API) pipelineOperation() operation {
	return operation{
		Route: access.Route{Method: http.MethodGet, Path: "/api/pipeline", Need: access.Read},
		id:    "getPipeline", topic: "server", summary: "Says what became of all that was sent to the projects that the caller may read",
		reply: pipelineReply{}, do: a.getPipeline,
	}
}

// pipelineReply is the account of what was sent.
type pipelineReply struct {
	Store     storeCounts    `json:"store"`
	Ingest    ingestCounts   `json:"ingest"`
	Projects  []projectStats `json:"projects"`
	Exporters []Exporter     `json:"exporters"` // that have reported
}

// storeCounts is what the store did since the server started: the sum of the projects, and the worst of their times.
type storeCounts struct {
	Received    int64            `json:"received"` // = stored + repeated + the sum of rejected
	Stored      int64            `json:"stored"`
	Repeated    int64            `json:"repeated"`
	Rejected    map[string]int64 `json:"rejected"` // by reason
	LateRoots   int64            `json:"late_roots"`
	Clock       int64            `json:"clock"` // spans whose start was not credible
	Commits     int64            `json:"commits"`
	CommitP50NS int64            `json:"commit_p50_ns"`
	CommitP99NS int64            `json:"commit_p99_ns"`
	QueueBytes  int64            `json:"queue_bytes"` // waiting to be committed, of all projects
	Bytes       int64            `json:"bytes"`       // on disk
	Oldest      *string          `json:"oldest"`      // day that is kept
	Dropped     droppedStats     `json:"dropped"`     // by retention
}

// ingestCounts is what the receiving half did since it started, which includes what never reached the store.
type ingestCounts struct {
	Received int64            `json:"received"` // = stored + repeated + the sum of rejected
	Stored   int64            `json:"stored"`
	Repeated int64            `json:"repeated"`
	Rejected map[string]int64 `json:"rejected"`  // by reason
	Returned int64            `json:"returned"`  // beside received: the sender was told to send them again
	Cut      int64            `json:"cut"`       // stored, but for something too long
	Unlinked int64            `json:"unlinked"`  // records without the trace id they came with, which is none
	LastSeen *time.Time       `json:"last_seen"` // null: nothing came

	Requests   map[string]int64 `json:"requests"`    // of all projects, by status
	WireBytes  int64            `json:"wire_bytes"`  // of all projects
	QueueBytes int64            `json:"queue_bytes"` // of bodies that are being worked on, of all projects
	Waiting    int              `json:"waiting"`     // requests that nobody works on yet, of all projects
}

func (a *API) getPipeline(c *call) (any, error) {
	projects, err := a.visible(c.ctx(), c.g)
	if err != nil {
		return nil, err
	}
	reply := pipelineReply{Projects: []projectStats{}, Exporters: []Exporter{}}
	received := a.cfg.Ingest()
	counts := IngestCounts{}
	for _, p := range projects {
		stats, err := a.statsOf(c.ctx(), p)
		if err != nil {
			return nil, err
		}
		reply.Projects = append(reply.Projects, stats)
		counts.add(received.Projects[p.ID])
		reply.Exporters = append(reply.Exporters, a.cfg.Exporters(p.ID)...)
	}
	reply.Store = sum(reply.Projects)
	reply.Ingest = ingestCounts{
		Received: counts.Received, Stored: counts.Stored, Repeated: counts.Repeated, Rejected: byReason(counts.Rejected),
		Returned: counts.Returned, Cut: counts.Cut, Unlinked: counts.Unlinked, LastSeen: instant(counts.LastSeen), Requests: byStatus(received.Requests),
		WireBytes: received.WireBytes, QueueBytes: received.QueueBytes, Waiting: received.Waiting,
	}
	return reply, nil
}

func (c *IngestCounts) add(d IngestCounts) {
	c.Received += d.Received
	c.Stored += d.Stored
	c.Repeated += d.Repeated
	c.Returned += d.Returned
	c.Cut += d.Cut
	c.Unlinked += d.Unlinked
	if d.LastSeen.After(c.LastSeen) {
		c.LastSeen = d.LastSeen
	}
	if c.Rejected == nil {
		c.Rejected = map[store.Reason]int64{}
	}
	for reason, n := range d.Rejected {
		c.Rejected[reason] += n
	}
}

// sum adds up projects. The queue is the store's, so it is the same in each.
func sum(projects []projectStats) storeCounts {
	s := storeCounts{Rejected: map[string]int64{}}
	for _, p := range projects {
		s.Received += p.Received
		s.Stored += p.Stored
		s.Repeated += p.Repeated
		for reason, n := range p.Rejected {
			s.Rejected[reason] += n
		}
		s.LateRoots += p.LateRoots
		s.Clock += p.Clock
		s.Commits += p.Commits
		s.CommitP50NS, s.CommitP99NS = max(s.CommitP50NS, p.CommitP50NS), max(s.CommitP99NS, p.CommitP99NS)
		s.QueueBytes = max(s.QueueBytes, p.QueueBytes)
		s.Bytes += p.Bytes
		if p.Oldest != nil && (s.Oldest == nil || cmp.Less(*p.Oldest, *s.Oldest)) {
			s.Oldest = p.Oldest
		}
		s.Dropped.Days += p.Dropped.Days
		s.Dropped.Traces += p.Dropped.Traces
		s.Dropped.Spans += p.Dropped.Spans
		s.Dropped.Bytes += p.Dropped.Bytes
	}
	return s
}

// byStatus writes statuses as JSON keys.
func byStatus(requests map[int]int64) map[string]int64 {
	out := make(map[string]int64, len(requests))
	for _, status := range slices.Sorted(maps.Keys(requests)) {
		out[statusText(status)] = requests[status]
	}
	return out
}
