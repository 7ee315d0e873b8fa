package sqlite

import (
	"database/sql/driver"
	"encoding/binary"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/facts"
	"github.com/tailrace-go/tailrace/span"
)

// pair is a facet as ids of dict.
type pair struct{ k, v int64 }

func appendPairs(buf []byte, pairs []pair) []byte {
	for _, p := range pairs {
		buf = binary.AppendUvarint(binary.AppendUvarint(buf, uint64(p.k)), uint64(p.v))
	}
	return buf
}

// readPairs stops where the bytes end to make sense: a facet missing is better than a trace.
func readPairs(data []byte) (pairs []pair) {
	for len(data) > 0 {
		k, n := binary.Uvarint(data)
		if n <= 0 {
			break
		}
		v, m := binary.Uvarint(data[n:])
		if m <= 0 {
			break
		}
		pairs = append(pairs, pair{int64(k), int64(v)})
		data = data[n+m:]
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
	tid                  int64
	id                   facts.TraceID
	start, dur           int64
	spans, errors        int
	tokens               span.Tokens
	cost, seen           int64
	root, rstart, rdur   int64
	rflags               int64
	service              int64
	rank                 int
	at, sid              int64
	nameID, typeID       int64
	pairs                []pair
	preview              string
	serviceName          string // resolved, like the next two
	name, typ            string
	facets               []store.Facet
	rootStatus, rowCover store.Status
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

// Keys of facet rows that are not facets of the contract: the services of traces in which a span failed.
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

// facetShape is what decides which facet rows a trace has, beside the number of its facets.
type facetShape struct {
	service string
	failed  bool
	n       int
}

func shapeOf(t *facts.Trace) facetShape { return facetShape{t.Service, t.Errors > 0, len(t.Facets)} }

// facetRows are the rows that a trace should have: its facets, the service it is shown under, and if a span failed,
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

// Flags of m.flags.
const (
	spanFailed = 1 << iota
	spanEvent
	spanClock
	spanOwnService // it names its service itself
	spanOwnCost    // it names its cost itself; otherwise metrics do
	spanRoot
)

// spanColumns are what scanSpan reads.
const spanColumns = `span, parent, start, dur, service, name, type, model, flags, tin, tout, ttot, treason, tcache, cost, seg`

// spanRow is a row of m.
type spanRow struct {
	id, parent           facts.SpanID
	start, dur           int64 // dur is -1 while running
	service, name        int64
	typ, model           int64
	flags                int64
	tokens               span.Tokens
	cost                 int64
	seg                  int64
	serviceName, typName string
}

func scanSpan(row []driver.Value) spanRow {
	r := spanRow{
		id: facts.SpanID(integer(row[0])), parent: facts.SpanID(integer(row[1])),
		start: integer(row[2]), dur: -1,
		service: integer(row[4]), name: integer(row[5]), typ: integer(row[6]), model: integer(row[7]),
		flags: integer(row[8]), tokens: tokensOf(row[9:14]), cost: integer(row[14]), seg: integer(row[15]),
	}
	if row[3] != nil {
		r.dur = integer(row[3])
	}
	return r
}

func (r *spanRow) figure() figure { return figure{r.service, r.typ, r.name, r.model} }

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
