package sqlite

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/facts"
	"github.com/tailrace-go/tailrace/span"
)

// pair is a facet as ids of dict.
type pair struct{ k, v int64 }

// Pairs are written in digits of six bits, the lowest first. Marks on the first byte of a pair and on the last one of
// each number make instr find a pair nowhere but where it is.
const (
	pairBegins = 1 << 7
	numberEnds = 1 << 6
)

func appendPair(buf []byte, p pair) []byte {
	at := len(buf)
	for _, n := range [...]int64{p.k, p.v} {
		for ; n > 63; n >>= 6 {
			buf = append(buf, byte(n&63))
		}
		buf = append(buf, byte(n)|numberEnds)
	}
	buf[at] |= pairBegins
	return buf
}

func appendPairs(buf []byte, pairs []pair) []byte {
	for _, p := range pairs {
		buf = appendPair(buf, p)
	}
	return buf
}

// readPairs stops where the bytes end to make sense: a facet missing is better than a trace.
func readPairs(data []byte) (pairs []pair) {
	next := func() (n int64, ok bool) {
		for i := 0; i < len(data) && i < 10; i++ {
			n |= int64(data[i]&63) << (6 * i)
			if data[i]&numberEnds != 0 {
				data = data[i+1:]
				return n, true
			}
		}
		return 0, false
	}
	for len(data) > 0 {
		k, okK := next()
		v, okV := next()
		if !okK || !okV {
			break
		}
		pairs = append(pairs, pair{k, v})
	}
	return pairs
}

// Flags of traces.rflags.
const (
	rootIsRoot = 1 << iota
	rootRunning
	rootFailed
)

// traceColumns are what scanTrace reads.
const traceColumns = `tid, trace_id, start, dur, spans, errors, tin, tout, ttot, treason, tcache, cost, seen, root, rstart,
	rdur, rflags, service, srank, sat, sid, name, type, facets, preview`

// traceRow is a row of traces with its names as ids.
type traceRow struct {
	tid                int64
	id                 facts.TraceID
	start, dur         int64
	spans, errors      int
	tokens             span.Tokens
	cost, seen         int64
	root, rstart, rdur int64
	rflags             int64
	service            int64
	rank               int
	at, sid            int64
	nameID, typeID     int64
	pairs              []pair
	preview            string
}

func scanTrace(row []driver.Value) traceRow {
	r := traceRow{
		tid:   integer(row[0]),
		start: integer(row[2]), dur: integer(row[3]),
		spans: int(integer(row[4])), errors: int(integer(row[5])),
		tokens: tokensOf(row[6:11]), cost: integer(row[11]), seen: integer(row[12]),
		root: integer(row[13]), rstart: integer(row[14]), rdur: integer(row[15]), rflags: integer(row[16]),
		service: integer(row[17]), rank: int(integer(row[18])), at: integer(row[19]), sid: integer(row[20]),
		nameID: integer(row[21]), typeID: integer(row[22]),
		pairs: readPairs(blob(row[23])), preview: text(row[24]),
	}
	copy(r.id[:], blob(row[1]))
	return r
}

// keyFailed is the key of facets that are not of the contract: the services of traces in which a span failed.
const keyFailed = "!service"

// trace makes the sums again that the row was written from.
func (r *traceRow) trace(id facts.TraceID, name func(int64) string) facts.Trace {
	t := facts.Trace{
		ID: id, Start: r.start, Fin: r.start + r.dur, Spans: r.spans, Errors: r.errors,
		Tokens: r.tokens, Cost: max(r.cost, 0), Priced: r.cost >= 0, Seen: r.seen,
		Root: facts.SpanID(r.root), Rooted: r.rflags&rootIsRoot != 0, RootStart: r.rstart, RootEnd: r.rstart + r.rdur,
		RootRunning: r.rflags&rootRunning != 0, RootFailed: r.rflags&rootFailed != 0,
		Name: name(r.nameID), Type: name(r.typeID), Preview: r.preview,
		Service: name(r.service), ServiceRank: r.rank, ServiceAt: r.at, ServiceID: facts.SpanID(r.sid),
	}
	for _, p := range r.pairs {
		key := name(p.k)
		if key == keyFailed || key == facts.KeyService && !t.OwnService() {
			continue
		}
		t.Facets = append(t.Facets, store.Facet{Key: key, Value: name(p.v)})
	}
	return t
}

// facetShape is what decides which pairs a trace has.
type facetShape struct {
	service string
	failed  bool
	n       int
}

func shapeOf(t *facts.Trace) facetShape { return facetShape{t.Service, t.Errors > 0, len(t.Facets)} }

// facetRows are the pairs that a trace should have: its facets, the service it is shown under, and if a span failed,
// its services again.
func (w *writer) facetRows(t *facts.Trace) ([]pair, error) {
	rows := make([]pair, 0, len(t.Facets)+2)
	put := func(key, value string) error {
		k, err := w.dict.id(key)
		if err != nil {
			return err
		}
		v, err := w.dict.id(value)
		rows = append(rows, pair{k, v})
		return err
	}
	shown := false
	for _, f := range t.Facets {
		if err := put(f.Key, f.Value); err != nil {
			return nil, err
		}
		if f.Key == facts.KeyService {
			shown = shown || f.Value == t.Service
			if t.Errors > 0 {
				if err := put(keyFailed, f.Value); err != nil {
					return nil, err
				}
			}
		}
	}
	if !shown && t.Service != "" {
		if err := put(facts.KeyService, t.Service); err != nil {
			return nil, err
		}
		if t.Errors > 0 {
			if err := put(keyFailed, t.Service); err != nil {
				return nil, err
			}
		}
	}
	return rows, nil
}

// Flags of a span.
const (
	spanFailed = 1 << iota
	spanEvent
	spanClock
	spanOwnService // it names its service itself
	spanOwnCost    // it names its cost itself; otherwise metrics do
	spanRoot
	spanChild  // in seg.spans: it has a parent
	spanTokens // in seg.spans: it has tokens
	spanPatch  // in seg.spans: its payload is where it was, and only what is known of it has changed
)

// spanRow is what the store knows of a span.
type spanRow struct {
	id, parent facts.SpanID
	start, dur int64 // dur is -1 while running
	service    int64 // its own; 0: that of its trace
	name       int64
	typ, model int64
	flags      int64
	tokens     span.Tokens
	cost       int64
	seg        int64 // that has its payload
}

// appendRow writes a span as a part of seg.spans. last is the start of the span before it, 0 for the first.
//
//	flags · id (8 bytes) · parent (8 bytes, spanChild) · start - last · dur + 1 · service · name · type · model · cost + 1 ·
//	input, output, total, reasoning, cached tokens (spanTokens)
//
// Numbers are uvarints, and start - last a varint.
func appendRow(buf []byte, r *spanRow, last int64) []byte {
	flags := r.flags &^ (spanChild | spanTokens)
	if r.parent != 0 {
		flags |= spanChild
	}
	if r.tokens != noTokens {
		flags |= spanTokens
	}
	buf = binary.AppendUvarint(buf, uint64(flags))
	buf = binary.BigEndian.AppendUint64(buf, uint64(r.id))
	if r.parent != 0 {
		buf = binary.BigEndian.AppendUint64(buf, uint64(r.parent))
	}
	buf = binary.AppendVarint(buf, r.start-last)
	for _, n := range [...]int64{r.dur + 1, r.service, r.name, r.typ, r.model, r.cost + 1} {
		buf = binary.AppendUvarint(buf, uint64(n))
	}
	if flags&spanTokens != 0 {
		t := &r.tokens
		for _, n := range [...]int{t.Input, t.Output, t.Total, t.Reasoning, t.Cached} {
			buf = binary.AppendUvarint(buf, uint64(n))
		}
	}
	return buf
}

// spanRows are the spans of a trace in one file, each as it was said last, in order of arrival.
type spanRows struct {
	all []spanRow
	at  map[facts.SpanID]int32 // places in all; nil while they are few
}

var fewSpans = 24 // up to which looking through all is faster than a map

func (s *spanRows) find(id facts.SpanID) *spanRow {
	if s.at == nil {
		for i := range s.all {
			if s.all[i].id == id {
				return &s.all[i]
			}
		}
		return nil
	}
	if i, ok := s.at[id]; ok {
		return &s.all[i]
	}
	return nil
}

// put adds a span or replaces what is known of it.
func (s *spanRows) put(r *spanRow) {
	if have := s.find(r.id); have != nil {
		seg := r.seg
		if r.flags&spanPatch != 0 {
			seg = have.seg
		}
		*have = *r
		have.seg, have.flags = seg, r.flags&^spanPatch
		return
	}
	s.all = append(s.all, *r)
	switch {
	case s.at != nil:
		s.at[r.id] = int32(len(s.all) - 1)
	case len(s.all) > fewSpans:
		s.at = make(map[facts.SpanID]int32, 4*fewSpans)
		for i := range s.all {
			s.at[s.all[i].id] = int32(i)
		}
	}
}

// read adds what is in seg.spans of one segment.
func (s *spanRows) read(seg int64, data []byte) error {
	last := int64(0)
	bad := false
	next := func() int64 {
		n, size := binary.Uvarint(data)
		if size <= 0 {
			bad = true
			return 0
		}
		data = data[size:]
		return int64(n)
	}
	id := func() facts.SpanID {
		if len(data) < 8 {
			bad = true
			return 0
		}
		n := binary.BigEndian.Uint64(data)
		data = data[8:]
		return facts.SpanID(n)
	}
	for len(data) > 0 {
		r := spanRow{flags: next(), seg: seg}
		r.id = id()
		if r.flags&spanChild != 0 {
			r.parent = id()
		}
		step, size := binary.Varint(data)
		if bad || size <= 0 {
			return facts.ErrFrame
		}
		data = data[size:]
		last += step
		r.start = last
		r.dur = next() - 1
		r.service, r.name, r.typ, r.model = next(), next(), next(), next()
		r.cost = next() - 1
		if r.flags&spanTokens != 0 {
			r.tokens = span.Tokens{Input: int(next()), Output: int(next()), Total: int(next()), Reasoning: int(next()), Cached: int(next())}
		}
		if bad {
			return facts.ErrFrame
		}
		r.flags &^= spanChild | spanTokens
		s.put(&r)
	}
	return nil
}

// Ids of segments: so many parts may a trace have in one file.
const segmentBits = 24

func segmentID(tid, n int64) int64 { return tid<<segmentBits | n }

// readSpans reads what a file knows of the spans of a trace.
func readSpans(ctx context.Context, c *conn, tid int64, rows *spanRows) error {
	var bad error
	err := c.query(ctx, "SELECT id, spans FROM seg WHERE id >= ? AND id < ? ORDER BY id", []driver.Value{segmentID(tid, 0), segmentID(tid+1, 0)},
		func(v []driver.Value) bool {
			bad = rows.read(integer(v[0]), blob(v[1]))
			return bad == nil
		})
	return errors.Join(err, bad)
}

// figure is what a span counts as. service is that of its trace.
func (r *spanRow) figure(service int64) figure {
	if r.flags&spanOwnService != 0 {
		service = r.service
	}
	return figure{service, r.typ, r.name, r.model}
}

// status is how a span ended.
func (r *spanRow) status() store.Status {
	switch {
	case r.flags&spanFailed != 0:
		return store.StatusError
	case r.dur < 0:
		return store.StatusRunning
	}
	return store.StatusSuccess
}

func flagsOf(f *facts.Span, ownCost bool) int64 {
	flags := int64(0)
	for _, b := range []struct {
		set bool
		bit int64
	}{
		{f.Failed, spanFailed}, {f.Event, spanEvent}, {f.Clock, spanClock}, {f.Service != "", spanOwnService},
		{ownCost, spanOwnCost}, {f.Root, spanRoot},
	} {
		if b.set {
			flags |= b.bit
		}
	}
	return flags
}

// liveRow is a span as subscribers see it.
func liveRow(f *facts.Span, service string) store.Row {
	r := store.Row{
		ID: f.ID.Text(), Parent: f.Parent.Text(), Name: f.Name, Type: f.Type, Service: service, Model: f.Model,
		Start: f.Start, Dur: f.Dur, Status: store.StatusSuccess, Event: f.Event, Clock: f.Clock,
		Tokens: f.Tokens, Cost: facts.CostOf(f.Cost, f.Priced),
	}
	if f.Running {
		r.Dur, r.Status = -1, store.StatusRunning
	}
	if f.Failed {
		r.Status = store.StatusError
	}
	return r
}

func utc(ns int64) time.Time { return time.Unix(0, ns).UTC() }
