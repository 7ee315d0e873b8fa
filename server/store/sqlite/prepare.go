package sqlite

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/facts"
)

// maxChunk bounds what must be unpacked for one span.
var maxChunk = 256 << 10

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
	size     int // before it was packed
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

// packer is an encoder with memory to work in.
type packer struct {
	z           *zstd.Encoder
	raw, packed []byte
}

// pack compresses frames into memory of their own.
func (p *packer) pack(raw []byte) []byte {
	p.packed = p.z.EncodeAll(raw, p.packed[:0])
	return bytes.Clone(p.packed)
}

// trim gives back what a large span needed once.
func (p *packer) trim() {
	if cap(p.raw) > 4*maxChunk {
		p.raw, p.packed = nil, nil
	}
}

// pack encodes and compresses all groups.
func (j *job) pack(p *packer) {
	for _, g := range j.groups {
		g.pack(j, p)
		for i := range g.chunks {
			j.bytes += int64(cap(g.chunks[i].packed))
		}
		j.bytes += int64(cap(g.rchunk.packed))
		j.bytes += int64(len(g.spans))*512 + int64(len(g.records))*256 // the facts themselves, about
		for i := range g.spans {
			j.bytes += int64(g.spans[i].Source.Size()) // the caller waits with it
		}
		j.spans += len(g.spans) + len(g.records)
	}
	j.groups = slices.DeleteFunc(j.groups, func(g *group) bool { return len(g.spans)+len(g.records) == 0 })
	p.trim()
}

func (g *group) pack(j *job, p *packer) {
	keep := g.spans[:0]
	places := g.places[:0]
	from := 0
	p.raw = p.raw[:0]
	end := func() {
		if len(keep) > from {
			g.chunks = append(g.chunks, chunk{from: from, to: len(keep), size: len(p.raw), packed: p.pack(p.raw)})
		}
		from, p.raw = len(keep), p.raw[:0]
	}
	for i := range g.spans {
		raw, reason := facts.AppendSpan(p.raw, &g.spans[i])
		if reason != "" {
			j.result.Spans[g.places[i]] = store.Outcome{State: store.Rejected, Reason: reason}
			continue
		}
		keep, places = append(keep, g.spans[i]), append(places, g.places[i])
		if p.raw = raw; len(raw) >= maxChunk {
			end()
		}
	}
	end()
	g.spans, g.places = keep, places
	kept := g.records[:0]
	rplaces := g.rplaces[:0]
	for i := range g.records {
		raw, reason := facts.AppendRecord(p.raw, &g.records[i])
		if reason != "" {
			j.result.Records[g.rplaces[i]] = store.Outcome{State: store.Rejected, Reason: reason}
			continue
		}
		kept, rplaces = append(kept, g.records[i]), append(rplaces, g.rplaces[i])
		p.raw = raw
	}
	g.records, g.rplaces = kept, rplaces
	if len(kept) > 0 {
		g.rchunk = chunk{to: len(kept), size: len(p.raw), packed: p.pack(p.raw)}
	}
}

// only returns the packed frames that fresh says are new; nil for none.
func (s *Store) only(c *chunk, fresh func(i int) bool) ([]byte, error) {
	n := 0
	for i := c.from; i < c.to; i++ {
		if fresh(i) {
			n++
		}
	}
	switch n {
	case 0:
		return nil, nil
	case c.to - c.from:
		return c.packed, nil
	}
	rest, err := s.unpack(c.packed)
	if err != nil {
		return nil, err
	}
	var raw []byte
	for i := c.from; i < c.to; i++ {
		_, behind, err := facts.NextFrame(rest)
		if err != nil {
			return nil, err
		}
		if fresh(i) {
			raw = append(raw, rest[:len(rest)-len(behind)]...)
		}
		rest = behind
	}
	p := s.encoder()
	defer s.release(p)
	return p.pack(raw), nil
}
