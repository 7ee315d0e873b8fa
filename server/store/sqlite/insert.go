package sqlite

import (
	"context"
	"database/sql/driver"
	"slices"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/facts"
)

// verdict is what the file knows of a span that came.
type verdict uint8

const (
	isNew    verdict = iota
	isEnd            // the file has it as running, and this is its end
	isRepeat         // nothing to do
	isNotOurs
)

// change is what a group did to a trace, for the subscribers.
type change struct {
	st   *state
	day  int64
	rows []store.Row
}

// insertion is the work on one group in one file.
type insertion struct {
	w        *writer
	st       *state
	g        *group
	j        *job
	verdicts []verdict
	known    []facts.Span // of isEnd: what the file has
	ownCost  []bool
	before   facts.Trace
	z        encoder

	rows                      []store.Row
	stored, lateRoots, clocks int64
}

// insert writes what is new of a group and fills the outcomes in. take says which spans belong to this file; nil: all.
func (w *writer) insert(j *job, g *group, st *state, z encoder, take func(i int) bool) (*insertion, error) {
	in := &insertion{w: w, st: st, g: g, j: j, z: z, before: st.Trace}
	if err := in.writeRecords(); err != nil { // first, so that the spans find the costs that these tell
		return nil, err
	}
	if err := in.judge(take); err != nil {
		return nil, err
	}
	if err := in.costs(); err != nil {
		return nil, err
	}
	in.sum()
	if st.Service != in.before.Service && in.before.Spans > 0 {
		if err := in.renameService(); err != nil {
			return nil, err
		}
	}
	if err := in.writeSpans(); err != nil {
		return nil, err
	}
	if in.stored == 0 || !g.ofTrace {
		return in, nil
	}
	st.Seen = max(st.Seen, j.received.UnixNano())
	if err := in.countRoot(); err != nil {
		return nil, err
	}
	return in, in.writeTrace()
}

// judge asks the file which spans it knows. A trace that is new needs no question.
func (in *insertion) judge(take func(i int) bool) error {
	in.verdicts = make([]verdict, len(in.g.spans))
	in.ownCost = make([]bool, len(in.g.spans))
	for i := range in.g.spans {
		f := &in.g.spans[i]
		in.ownCost[i] = f.Priced
		if take != nil && !take(i) {
			in.verdicts[i] = isNotOurs
			continue
		}
		if in.st.Spans == 0 {
			continue
		}
		known, running, err := in.w.knows(in.st.tid, f.ID)
		switch {
		case err != nil:
			return err
		case known && running && !f.Running:
			in.verdicts[i] = isEnd
		case known:
			in.verdicts[i] = isRepeat
		}
	}
	return nil
}

func (w *writer) knows(tid int64, id facts.SpanID) (known, running bool, err error) {
	err = w.knownSpan.query(context.Background(), []driver.Value{tid, int64(id)}, func(row []driver.Value) bool {
		known, running = true, integer(row[0]) != 0
		return false
	})
	return known, running, err
}

// costs gives spans without a cost of their own what metrics told before they came, and takes back what the running
// version of a span said when its end says it too.
func (in *insertion) costs() error {
	w, st := in.w, in.st
	in.known = make([]facts.Span, len(in.g.spans))
	for i := range in.g.spans {
		f := &in.g.spans[i]
		switch in.verdicts[i] {
		case isNew:
			if st.pend == 0 {
				continue
			}
			key := []driver.Value{st.tid, int64(f.ID)}
			cost := int64(-1)
			err := w.takePend.query(context.Background(), key, func(row []driver.Value) bool {
				cost = integer(row[0])
				return false
			})
			if err != nil {
				return err
			}
			if cost < 0 {
				continue
			}
			if !f.Priced {
				f.Cost, f.Priced = cost, true
			}
			if _, err := w.deletePend.exec(key...); err != nil {
				return err
			}
			st.pend--
		case isEnd:
			known := &in.known[i]
			err := w.runningSpan.query(context.Background(), []driver.Value{st.tid, int64(f.ID)}, func(row []driver.Value) bool {
				flags := integer(row[1])
				known.Start, known.Failed, known.Clock = integer(row[0]), flags&spanFailed != 0, flags&spanClock != 0
				known.Root = flags&spanRoot != 0
				known.Cost = integer(row[2])
				known.Priced = known.Cost >= 0
				if known.Priced && !f.Priced {
					in.ownCost[i] = flags&spanOwnCost != 0
				}
				return false
			})
			if err != nil {
				return err
			}
			*f = facts.EndOf(known, f)
			if known.Priced && f.Priced {
				st.AddCost(-known.Cost) // the end says it again
			}
		}
	}
	return nil
}

// sum adds the new spans to the trace.
func (in *insertion) sum() {
	for i := range in.g.spans {
		f := &in.g.spans[i]
		switch in.verdicts[i] {
		case isNew:
			in.st.Add(f, in.j.batch.Label)
			if f.Root && in.before.Spans > 0 && !in.before.Rooted {
				in.lateRoots++
			}
		case isEnd:
			in.st.End(f, in.known[i].Failed, in.j.batch.Label)
			if known := in.known[i]; known.Priced && !f.Priced {
				f.Cost, f.Priced = known.Cost, true
			}
		}
		if f.Clock && in.verdicts[i] == isNew {
			in.clocks++
		}
	}
}

// renameService moves the spans that had no service of their own to the one that is known now.
func (in *insertion) renameService() error {
	w := in.w
	id, err := w.dict.id(in.st.Service)
	if err != nil {
		return err
	}
	var moved []spanRow
	err = w.fallbacks.query(context.Background(), []driver.Value{in.st.tid, int64(spanOwnService)}, func(row []driver.Value) bool {
		moved = append(moved, scanSpan(row))
		return true
	})
	if err != nil {
		return err
	}
	for i := range moved {
		r := &moved[i]
		if r.dur < 0 {
			continue
		}
		if err := w.count(-1, r); err != nil {
			return err
		}
		r.service = id
		if err := w.count(1, r); err != nil {
			return err
		}
	}
	_, err = w.setService.exec(id, in.st.tid, int64(spanOwnService))
	return err
}

func (w *writer) count(sign int64, r *spanRow) error {
	return w.rollups.add(sign, r.figure(), r.start, max(r.dur, 0), r.flags&spanFailed != 0, r.tokens, max(r.cost, 0))
}

// writeSpans writes segments and rows of what is new.
func (in *insertion) writeSpans() error {
	for i := range in.g.chunks {
		c := &in.g.chunks[i]
		data := c.only(func(i int) bool { return in.verdicts[i] == isNew || in.verdicts[i] == isEnd }, in.z)
		seg := int64(0)
		if data != nil {
			var err error
			if seg, err = in.w.segment(in.st.tid, data); err != nil {
				return err
			}
		}
		for i := c.from; i < c.to; i++ {
			if err := in.writeSpan(i, seg); err != nil {
				return err
			}
		}
	}
	return nil
}

func (in *insertion) writeSpan(i int, seg int64) error {
	f, w := &in.g.spans[i], in.w
	outcome := &in.j.result.Spans[in.g.places[i]]
	switch in.verdicts[i] {
	case isNotOurs:
		return nil
	case isRepeat:
		outcome.State = store.Repeated
		return nil
	case isNew:
		w.spans++
	}
	outcome.State = store.Stored
	in.stored++
	r, err := in.row(i, seg)
	if err != nil {
		return err
	}
	var dur driver.Value
	if r.dur >= 0 {
		dur = r.dur
	}
	t := r.tokens
	if in.verdicts[i] == isEnd {
		_, err = w.endSpan.exec(int64(r.parent), dur, r.service, r.name, r.typ, r.model, r.flags,
			int64(t.Input), int64(t.Output), int64(t.Total), int64(t.Reasoning), int64(t.Cached), r.cost, r.seg,
			in.st.tid, int64(r.id))
	} else {
		_, err = w.insertSpan.exec(in.st.tid, int64(r.id), int64(r.parent), r.start, dur, r.service, r.name, r.typ, r.model,
			r.flags, int64(t.Input), int64(t.Output), int64(t.Total), int64(t.Reasoning), int64(t.Cached), r.cost, r.seg)
	}
	if err != nil {
		return err
	}
	in.rows = append(in.rows, liveRow(f, in.st.ServiceOf(f)))
	if f.Running {
		return nil
	}
	return w.count(1, &r)
}

// row turns a span's names into ids.
func (in *insertion) row(i int, seg int64) (spanRow, error) {
	f := &in.g.spans[i]
	r := spanRow{
		id: f.ID, parent: f.Parent, start: f.Start, dur: f.Dur, flags: flagsOf(f, in.ownCost[i]), tokens: f.Tokens,
		cost: -1, seg: seg,
	}
	if f.Running {
		r.dur = -1
	}
	if f.Priced {
		r.cost = f.Cost
	}
	for _, n := range []struct {
		to   *int64
		name string
	}{{&r.service, in.st.ServiceOf(f)}, {&r.name, f.Name}, {&r.typ, f.Type}, {&r.model, f.Model}} {
		var err error
		if *n.to, err = in.w.dict.id(n.name); err != nil {
			return r, err
		}
	}
	return r, nil
}

// writeRecords writes what is new of a group's records, and gives the costs that metrics tell to their spans.
func (in *insertion) writeRecords() error {
	w, g := in.w, in.g
	if len(g.records) == 0 {
		return nil
	}
	seg := w.nextSeg // written behind the rows, if any is new
	fresh := make([]bool, len(g.records))
	tid := in.st.tid
	if !g.ofTrace {
		tid = 0
	}
	for i := range g.records {
		r := &g.records[i]
		outcome := &in.j.result.Records[g.rplaces[i]]
		cost := int64(-1)
		if r.Priced {
			cost = r.Cost
		}
		n, err := w.insertRecord.exec(int64(r.Kind), r.RID[:], tid, int64(r.Span), r.At, seg, cost)
		if err != nil {
			return err
		}
		if n == 0 {
			outcome.State = store.Repeated
			continue
		}
		outcome.State = store.Stored
		fresh[i] = true
		in.stored++
		w.records++
		if tid == 0 {
			continue
		}
		in.st.Consider(r.Service, r.At)
		if r.Priced {
			if err := in.price(r); err != nil {
				return err
			}
		}
	}
	if data := g.rchunk.only(func(i int) bool { return fresh[i] }, in.z); data != nil {
		_, err := w.segment(tid, data)
		return err
	}
	return nil
}

// price gives a cost to its span, now or when it comes.
func (in *insertion) price(r *facts.Record) error {
	w, st := in.w, in.st
	key := []driver.Value{st.tid, int64(r.Span)}
	var row spanRow
	found := false
	err := w.costRow.query(context.Background(), key, func(v []driver.Value) bool {
		row = spanRow{start: integer(v[0]), dur: -1, flags: integer(v[2]), cost: integer(v[3]),
			service: integer(v[4]), typ: integer(v[5]), name: integer(v[6]), model: integer(v[7])}
		if v[1] != nil {
			row.dur = integer(v[1])
		}
		found = true
		return false
	})
	switch {
	case err != nil:
		return err
	case !found:
		_, err = w.addPend.exec(st.tid, int64(r.Span), r.Cost)
		st.pend++ // at least one row; too high a count costs a look-up
		return err
	case row.flags&spanOwnCost != 0:
		return nil
	}
	st.AddCost(r.Cost)
	if _, err := w.setCost.exec(max(row.cost, 0)+r.Cost, st.tid, int64(r.Span)); err != nil {
		return err
	}
	if row.dur < 0 {
		return nil
	}
	return w.rollups.addCost(row.figure(), row.start, r.Cost)
}

// countRoot keeps one figure for each trace whose root has ended: under the service, name, time and length of now.
func (in *insertion) countRoot() error {
	was, now := rootFigure(&in.before), rootFigure(&in.st.Trace)
	if was == now {
		return nil
	}
	if err := in.w.countRoot(-1, was); err != nil {
		return err
	}
	return in.w.countRoot(1, now)
}

type rootCount struct {
	counts        bool
	service, name string
	at, dur       int64
	failed        bool
}

func rootFigure(t *facts.Trace) rootCount {
	if t.Spans == 0 || !t.Rooted || t.RootRunning {
		return rootCount{}
	}
	return rootCount{true, t.Service, t.Name, t.RootStart, t.RootEnd - t.RootStart, t.RootFailed}
}

func (w *writer) countRoot(sign int64, r rootCount) error {
	if !r.counts {
		return nil
	}
	service, err := w.dict.id(r.service)
	if err != nil {
		return err
	}
	name, err := w.dict.id(r.name)
	if err != nil {
		return err
	}
	return w.rollups.add(sign, figure{service, typeTrace, name, 0}, r.at, r.dur, r.failed, noTokens, 0)
}

// writeTrace writes the row of the trace and moves its facets.
func (in *insertion) writeTrace() error {
	w, st := in.w, in.st
	if err := w.writeFacets(st); err != nil {
		return err
	}
	service, err := w.dict.id(st.Service)
	if err != nil {
		return err
	}
	name, err := w.dict.id(st.Name)
	if err != nil {
		return err
	}
	typ, err := w.dict.id(st.Type)
	if err != nil {
		return err
	}
	root, cover := st.State()
	flags := int64(0)
	if st.Rooted {
		flags |= rootIsRoot
	}
	if st.RootRunning {
		flags |= rootRunning
	}
	if st.RootFailed {
		flags |= rootFailed
	}
	cost := int64(-1)
	if st.Priced {
		cost = st.Cost
	}
	t := st.Tokens
	values := []driver.Value{st.Start, st.Fin - st.Start, int64(st.Spans), int64(st.Errors), int64(root), int64(cover),
		int64(t.Input), int64(t.Output), int64(t.Total), int64(t.Reasoning), int64(t.Cached), cost, st.Seen,
		int64(st.Root), st.RootStart, st.RootEnd - st.RootStart, flags,
		service, int64(st.ServiceRank), st.ServiceAt, int64(st.ServiceID), name, typ, appendPairs(nil, st.pairs), st.Preview}
	if st.stored {
		_, err = w.updateTrace.exec(append(values, st.tid)...)
	} else {
		_, err = w.insertTrace.exec(append([]driver.Value{st.tid, st.ID[:]}, values...)...)
		st.stored = true
	}
	if in.before.Spans == 0 && st.Spans > 0 {
		w.traces++
	}
	return err
}

// writeFacets brings the rows of facet to what the trace is now. Most batches of a trace change none.
func (w *writer) writeFacets(st *state) error {
	if st.Spans == 0 {
		return nil
	}
	shape := shapeOf(&st.Trace)
	if shape == st.shown && st.Start == st.pairsStart && st.pairs != nil {
		return nil
	}
	want, err := w.facetRows(&st.Trace)
	if err != nil {
		return err
	}
	moved := st.Start != st.pairsStart
	for _, p := range st.pairs {
		if !moved && slices.Contains(want, p) {
			continue
		}
		if _, err := w.deleteFacet.exec(p.k, p.v, st.pairsStart, st.tid); err != nil {
			return err
		}
	}
	for _, p := range want {
		if !moved && slices.Contains(st.pairs, p) {
			continue
		}
		if _, err := w.insertFacet.exec(p.k, p.v, st.Start, st.tid); err != nil {
			return err
		}
	}
	st.pairs, st.pairsStart, st.shown = want, st.Start, shape
	return nil
}
