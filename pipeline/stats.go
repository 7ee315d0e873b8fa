package pipeline

import (
	"encoding/json"
	"time"
)

// Stats is a picture of a pipeline. Taking it disturbs nobody; keeping it up to date is always
// on, because it costs next to nothing. Its String is JSON, so it can be published with
// expvar.Func or as an expvar.Var.
type Stats struct {
	Name        string        `json:"name"`
	State       State         `json:"state"`
	Elapsed     time.Duration `json:"elapsed_ns"` // since Run began; 0 before
	Ledger      Ledger        `json:"ledger"`
	DeadLetters Ledger        `json:"dead_letters"` // of the flows of dead letters, apart
	Bytes       int64         `json:"bytes"`        // charged to the byte budget now; 0 without one
	MaxBytes    int64         `json:"max_bytes"`    // what the byte budget leaves for items; 0 without one
	Stages      []StageStats  `json:"stages"`       // in the order in which the graph was built
	Losses      []Loss        `json:"losses"`
}

// StageStats is the account of one stage. All counts are in items. In its own law,
//
//	In + Made = Out + Delivered + Filtered + Dropped + Failed + Abandoned + Spooled + Held
//
// a source's In is what it accepted, and its Queued, which belongs to the right side, is what waits
// there to be sent. Another stage's Queued is what waits in its link and is not yet part of In.
type StageStats struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // source, stage, sink, fork, partition, merge, dead letters
	// From has the stages whose items it takes: several for a merge, none for a source. Into dead letters come
	// those that fail there.
	From      []string `json:"from"`
	Fused     bool     `json:"fused"` // runs on the goroutine of the stage above
	Workers   int      `json:"workers"`
	In        int64    `json:"in"`
	Out       int64    `json:"out"`
	Made      int64    `json:"made"`
	Delivered int64    `json:"delivered"`
	Filtered  int64    `json:"filtered"`
	Dropped   int64    `json:"dropped"`
	Failed    int64    `json:"failed"`
	Abandoned int64    `json:"abandoned"`
	Spooled   int64    `json:"spooled"`
	Held      int64    `json:"held"`
	// Working is the part of Held that its function is at work on now. An operator keeps the rest for later, as a batch
	// does that is not full; of an actor nobody knows, so it has all of Held here.
	Working int64 `json:"working"`
	Queued  int64 `json:"queued"`
	Refused int64 `json:"refused"`

	Restarts  int64  `json:"restarts"`             // how often its function was called again after it failed
	LastError string `json:"last_error,omitempty"` // what the latest restart followed

	Room    int     `json:"room"`          // values the link would still take, or a source's entry; 0 if there is none
	Size    int     `json:"size"`          // values it takes at most
	InRate  float64 `json:"in_per_second"` // mean since Run began
	OutRate float64 `json:"out_per_second"`

	// How the goroutines of the stage spent their time; zero if it is fused, since its time is
	// that of the stage above. Blocked is waiting for room downstream: see Stats.Bottleneck.
	Busy    time.Duration `json:"busy_ns"`
	Blocked time.Duration `json:"blocked_ns"`
	Idle    time.Duration `json:"idle_ns"`

	Latency Quantiles `json:"latency_ns"` // from an item's arrival in the link until the stage was done with it; sampled
	Batch   Quantiles `json:"batch"`      // items in what the stage sent, if that has a weight
}

// Quantiles are read from a histogram: each is at most 25 % above the true one. Max is exact.
type Quantiles struct {
	Count int64 `json:"count"`
	P50   int64 `json:"p50"`
	P90   int64 `json:"p90"`
	P99   int64 `json:"p99"`
	Max   int64 `json:"max"`
}

func (t *tally) quantiles() Quantiles {
	if t.count == 0 {
		return Quantiles{}
	}
	return Quantiles{Count: t.count, P50: t.quantile(0.5), P90: t.quantile(0.9), P99: t.quantile(0.99), Max: t.top}
}

// String returns s as JSON.
func (s Stats) String() string {
	text, err := json.Marshal(s)
	if err != nil {
		return "{}"
	}
	return string(text)
}

// Stage returns the account of the stage with this name, the zero StageStats if there is none.
func (s Stats) Stage(name string) StageStats {
	for _, stage := range s.Stages {
		if stage.Name == name {
			return stage
		}
	}
	return StageStats{}
}

// Ledger returns the totals of Stats.
func (p *Pipeline) Ledger() Ledger { return p.Stats().Ledger }

// Stats returns a picture of the pipeline. While items move, counts that are read one after the
// other may be a few items apart; when nothing moves they are exact.
func (p *Pipeline) Stats() Stats {
	stats := Stats{Name: p.cfg.Name, State: p.state(), Elapsed: p.elapsed()}
	if p.budget != nil {
		stats.Bytes, stats.MaxBytes = p.budget.used.Load(), p.budget.limit.Load()
	}
	for _, s := range p.stages {
		st := s.stats(p, stats.Elapsed)
		stats.Stages = append(stats.Stages, st)
		ledger := &stats.Ledger
		if s.dead {
			ledger = &stats.DeadLetters
		}
		ledger.enter(s, st)
		stats.Losses = append(stats.Losses, s.losses()...)
	}
	return stats
}

func (p *Pipeline) elapsed() time.Duration {
	if ended := p.ended.Load(); ended > 0 {
		return time.Duration(ended)
	}
	if !p.isBuilt() {
		return 0
	}
	return time.Since(p.started)
}

// isBuilt reports whether all parts of the run exist. Before, Run may still be adding to them.
func (p *Pipeline) isBuilt() bool { return isClosed(p.built) }

// parts returns what runs the stage: nothing before the run.
func (s *stage) parts() ([]*node, []*segment) {
	if !s.p.isBuilt() {
		return nil, nil
	}
	return s.nodes, s.segs
}

// enter adds a stage's account to the totals.
func (l *Ledger) enter(s *stage, st StageStats) {
	if s.sources {
		l.Accepted += st.In
	}
	l.Accepted += s.accepts.Load() + s.recovered()
	l.Made += st.Made
	l.Delivered += st.Delivered
	l.Filtered += st.Filtered
	l.Dropped += st.Dropped
	l.Failed += st.Failed
	l.Abandoned += st.Abandoned
	l.Spooled += st.Spooled
	l.InFlight += st.Held + st.Queued
	l.Refused += st.Refused
}

// recovered is what an earlier run had spooled, which counts as accepted by this one.
func (s *stage) recovered() (items int64) {
	nodes, _ := s.parts()
	for _, n := range nodes {
		items += n.recovered.Load()
	}
	return items
}

// from returns the names of the stages above, never nil.
func (s *stage) from() []string {
	names := make([]string, 0, len(s.above))
	for _, above := range s.above {
		names = append(names, above.name)
	}
	return names
}

// stats reads the account of one stage.
func (s *stage) stats(p *Pipeline, elapsed time.Duration) StageStats {
	nodes, segs := s.parts()
	st := StageStats{Name: s.name, Kind: s.kind, From: s.from(), Fused: s.link == nil && !s.sources, Workers: max(len(segs), 1), Refused: s.refusals.Load()}
	var ended [columns]int64
	var waits, sizes tally
	for _, n := range nodes {
		st.In += n.in.load() + n.recovered.Load()
		st.Out += n.out.load()
		st.Made += n.made.load()
		unsettled := n.unsettled()
		st.Held += unsettled + n.held.load()
		st.Working += max(unsettled, 0)
		for c := range ended {
			ended[c] += n.total(column(c))
		}
		waits.merge(&n.waits)
		sizes.merge(&n.sizes)
	}
	if s.entry != nil {
		st.In = s.entry.accepted()
		st.Refused += s.entry.refused()
	}
	if s.door != nil {
		for c := range ended {
			ended[c] += s.door.total(column(c))
			if s.entry == nil {
				st.In += s.door.total(column(c))
			}
		}
	}
	if s.link != nil && (len(nodes) > 0 || s.entry != nil) { // before the run only an entry's is in use
		st.Queued = s.link.depth() + s.link.waiting()
		st.Room, st.Size = s.link.room(), s.link.size()
	}
	if len(nodes) > 0 && s.inside != nil { // pushed by its workers, and not yet out of the stage
		inside := s.inside()
		st.Held += inside
		st.Out -= inside
	}
	st.Delivered, st.Filtered, st.Dropped = ended[delivered], ended[filtered], ended[dropped]
	st.Failed, st.Abandoned, st.Spooled = ended[failed], ended[abandoned], ended[spooled]
	if seconds := elapsed.Seconds(); seconds > 0 {
		st.InRate, st.OutRate = float64(st.In)/seconds, float64(st.Out)/seconds
	}
	st.Restarts = s.restarts.Load()
	if text := s.lastDeath.Load(); text != nil {
		st.LastError = *text
	}
	st.Latency, st.Batch = waits.quantiles(), sizes.quantiles()
	s.times(&st)
	return st
}

// times adds up how the stage's goroutines spent their time.
func (s *stage) times(st *StageStats) {
	_, segs := s.parts()
	for _, seg := range segs {
		began := seg.started.Load()
		if began == 0 {
			continue
		}
		until := seg.ended.Load()
		if until == 0 {
			until = clock()
		}
		blocked, idle := seg.blocked.total(), seg.idling.total()
		st.Blocked += blocked
		st.Idle += idle
		st.Busy += max(time.Duration(until-began)-blocked-idle, 0)
	}
}

// losses lists what the stage has dropped, failed and abandoned, by reason.
func (s *stage) losses() []Loss {
	sums := map[lossKey]*Loss{}
	nodes, _ := s.parts()
	if s.door != nil {
		nodes = append(nodes[:len(nodes):len(nodes)], s.door)
	}
	for _, n := range nodes {
		n.mu.Lock()
		for key, count := range n.losses {
			if key.column == filtered {
				continue
			}
			if sums[key] == nil {
				sums[key] = &Loss{Stage: s.name, Column: columnNames[key.column], Reason: key.reason, Err: count.err}
			}
			sums[key].Items += count.items
		}
		n.mu.Unlock()
	}
	var losses []Loss
	for _, l := range sums {
		losses = append(losses, *l)
	}
	sortLosses(losses)
	return losses
}

// loss returns the LossError of the run, nil if nothing was lost. It does not look at the dead
// letters' own ledger: what is there has failed before.
func (p *Pipeline) loss() error {
	stats := p.Stats()
	if stats.Ledger.Lost() == 0 {
		return nil
	}
	e := &LossError{Ledger: stats.Ledger}
	for _, s := range p.stages {
		if !s.dead {
			e.Losses = append(e.Losses, s.losses()...)
		}
	}
	return e
}
