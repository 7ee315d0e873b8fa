package sqlite

import (
	"cmp"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/facts"
)

// maxChunk bounds what must be unpacked for one span.
const maxChunk = 256 << 10

// job is a batch on its way to the writer. What costs time is done by the goroutine that brought it: the writer only
// inserts.
type job struct {
	batch    *store.Batch
	received time.Time
	result   store.Result
	groups   []*group
	bytes    int64 // that it keeps while it waits
	spans    int

	state   jobState
	changed bool // by the writer: it stored something
	done    chan error
}

// group is the part of a batch that belongs to one trace and day: each span once. A second version of a span is in a
// later group.
type group struct {
	trace   facts.TraceID
	ofTrace bool // false: records without a trace
	day     int64
	round   int
	spans   []facts.Span
	places  []int // of spans in Batch.Spans
	records []facts.Record
	rplaces []int // of records in Batch.Records
	chunks  []chunk
	rchunk  chunk
}

// chunk is some frames, packed. If only some of them are new, these are packed again.
type chunk struct {
	from, to int // of the group's spans or records
	raw      []byte
	ends     []int // of each frame in raw
	packed   []byte
}

type groupKey struct {
	trace facts.TraceID
	of    bool
	day   int64
	round int
}

type seenKey struct {
	trace facts.TraceID
	span  facts.SpanID
}

// prepare sorts a batch into groups, oldest day first, and packs them.
func prepare(b *store.Batch, received time.Time, keep time.Duration) *job {
	j := &job{batch: b, received: received, done: make(chan error, 1)}
	j.result.Spans = make([]store.Outcome, len(b.Spans))
	j.result.Records = make([]store.Outcome, len(b.Records))
	groups := map[groupKey]*group{}
	find := func(key groupKey) *group {
		g := groups[key]
		if g == nil {
			g = &group{trace: key.trace, ofTrace: key.of, day: key.day, round: key.round}
			groups[key] = g
			j.groups = append(j.groups, g)
		}
		return g
	}
	seen := make(map[seenKey]int, len(b.Spans))
	for i, item := range b.Spans {
		f, reason := facts.OfSpan(item, received, keep)
		if reason != "" {
			j.result.Spans[i] = store.Outcome{State: store.Rejected, Reason: reason}
			continue
		}
		id := seenKey{f.Trace, f.ID}
		round := seen[id]
		seen[id]++
		g := find(groupKey{f.Trace, true, facts.Day(f.Start), round})
		g.spans, g.places = append(g.spans, f), append(g.places, i)
	}
	for i := range b.Records {
		f, reason := facts.OfRecord(&b.Records[i], received, keep)
		if reason != "" {
			j.result.Records[i] = store.Outcome{State: store.Rejected, Reason: reason}
			continue
		}
		key := groupKey{f.Trace, f.OfTrace, facts.Day(f.At), 0}
		if !f.OfTrace {
			key.trace = facts.TraceID{}
		}
		g := find(key)
		g.records, g.rplaces = append(g.records, f), append(g.rplaces, i)
	}
	slices.SortStableFunc(j.groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.round, b.round), cmp.Compare(a.day, b.day))
	})
	return j
}

// pack encodes and compresses all groups.
func (j *job) pack(z *zstd.Encoder) {
	for _, g := range j.groups {
		g.pack(j, z)
		for i := range g.chunks {
			j.bytes += int64(cap(g.chunks[i].raw) + cap(g.chunks[i].packed))
		}
		j.bytes += int64(cap(g.rchunk.raw) + cap(g.rchunk.packed))
		j.bytes += int64(len(g.spans))*512 + int64(len(g.records))*256 // the facts themselves, about
		j.spans += len(g.spans) + len(g.records)
	}
	j.groups = slices.DeleteFunc(j.groups, func(g *group) bool { return len(g.spans)+len(g.records) == 0 })
}

func (g *group) pack(j *job, z *zstd.Encoder) {
	var c chunk
	keep := g.spans[:0]
	places := g.places[:0]
	for i := range g.spans {
		if c.raw == nil {
			c.raw = make([]byte, 0, g.room(i))
		}
		raw, reason := facts.AppendSpan(c.raw, &g.spans[i])
		if reason != "" {
			j.result.Spans[g.places[i]] = store.Outcome{State: store.Rejected, Reason: reason}
			continue
		}
		keep, places = append(keep, g.spans[i]), append(places, g.places[i])
		c.raw, c.ends, c.to = raw, append(c.ends, len(raw)), len(keep)
		if len(raw) >= maxChunk {
			c.packed = z.EncodeAll(c.raw, nil)
			g.chunks = append(g.chunks, c)
			c = chunk{from: len(keep), to: len(keep)}
		}
	}
	g.spans, g.places = keep, places
	if len(c.ends) > 0 {
		c.packed = z.EncodeAll(c.raw, make([]byte, 0, len(c.raw)/2))
		g.chunks = append(g.chunks, c)
	}
	kept := g.records[:0]
	rplaces := g.rplaces[:0]
	for i := range g.records {
		raw, reason := facts.AppendRecord(g.rchunk.raw, &g.records[i])
		if reason != "" {
			j.result.Records[g.rplaces[i]] = store.Outcome{State: store.Rejected, Reason: reason}
			continue
		}
		kept, rplaces = append(kept, g.records[i]), append(rplaces, g.rplaces[i])
		g.rchunk.raw, g.rchunk.ends = raw, append(g.rchunk.ends, len(raw))
	}
	g.records, g.rplaces = kept, rplaces
	if g.rchunk.to = len(kept); len(kept) > 0 {
		g.rchunk.packed = z.EncodeAll(g.rchunk.raw, nil)
	}
}

// room is about what the frames of the next chunk take, from span i on.
func (g *group) room(i int) int {
	n := 0
	for ; i < len(g.spans) && n < maxChunk; i++ {
		n += g.spans[i].Source.Size() // more than its JSON, as a rule
	}
	return n
}

// only packs the frames that fresh says are new; all of them are packed already.
func (c *chunk) only(fresh func(i int) bool, z *zstd.Encoder) []byte {
	var raw []byte
	n, from := 0, 0
	for i, end := range c.ends {
		if fresh(c.from + i) {
			raw = append(raw, c.raw[from:end]...)
			n++
		}
		from = end
	}
	switch n {
	case 0:
		return nil
	case len(c.ends):
		return c.packed
	}
	return z.EncodeAll(raw, nil)
}
