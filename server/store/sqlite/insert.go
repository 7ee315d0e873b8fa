package sqlite

import (
	"context"
	"database/sql/driver"

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

	rows                      []store.Row
	stored, lateRoots, clocks int64
}

// insert takes in what is new of a group and fills the outcomes in; commit writes it. take says which spans belong to
// this file; nil: all.
func (w *writer) insert(j *job, g *group, st *state, take func(i int) bool) (*insertion, error) {
	in := &insertion{w: w, st: st, g: g, j: j, before: st.Trace}
	if err := w.loadSpans(st); err != nil {
		return nil, err
	}
	if err := in.writeRecords(); err != nil { // first, so that the spans find the costs that these tell
		return nil, err
	}
	in.judge(take)
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
	if in.before.Spans == 0 && st.Spans > 0 {
		w.traces++
	}
	st.Seen = max(st.Seen, j.received.UnixNano())
	st.summed = true
	w.change(st)
	err := in.countRoot()
	return in, err
}

// judge says which spans are known.
func (in *insertion) judge(take func(i int) bool) {
	n := len(in.g.spans)
	in.verdicts, in.ownCost = make([]verdict, n), make([]bool, n)
	fresh := len(in.st.rows.all) == 0
	for i := range in.g.spans {
		f := &in.g.spans[i]
		in.ownCost[i] = f.Priced
		if take != nil && !take(i) {
			in.verdicts[i] = isNotOurs
			continue
		}
		if fresh {
			continue
		}
		switch known := in.st.rows.find(f.ID); {
		case known == nil:
		case known.dur < 0 && !f.Running:
			in.verdicts[i] = isEnd
		default:
			in.verdicts[i] = isRepeat
		}
	}
}

// costs gives spans without a cost of their own what metrics told before they came, and takes back what the running
// version of a span said when its end says it too.
func (in *insertion) costs() error {
	w, st := in.w, in.st
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
			if in.known == nil {
				in.known = make([]facts.Span, len(in.g.spans))
			}
			r, known := st.rows.find(f.ID), &in.known[i]
			known.Start, known.Failed, known.Clock = r.start, r.flags&spanFailed != 0, r.flags&spanClock != 0
			known.Root = r.flags&spanRoot != 0
			known.Cost, known.Priced = r.cost, r.cost >= 0
			if known.Priced && !f.Priced {
				in.ownCost[i] = r.flags&spanOwnCost != 0
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

// renameService moves the spans that have no service of their own to the one that their trace has now.
func (in *insertion) renameService() error {
	w := in.w
	old, err := w.dict.id(in.before.Service)
	if err != nil {
		return err
	}
	id, err := w.dict.id(in.st.Service)
	if err != nil {
		return err
	}
	for i := range in.st.rows.all {
		r := &in.st.rows.all[i]
		if r.dur < 0 || r.flags&spanOwnService != 0 {
			continue
		}
		if err := w.count(-1, r, old); err != nil {
			return err
		}
		if err := w.count(1, r, id); err != nil {
			return err
		}
	}
	return nil
}

// count counts an ended span whose trace has this service.
func (w *writer) count(sign int64, r *spanRow, service int64) error {
	return w.rollups.add(sign, r.figure(service), r.start, max(r.dur, 0), r.flags&spanFailed != 0, r.tokens, max(r.cost, 0))
}

// writeSpans puts what is new into the trace's segment.
func (in *insertion) writeSpans() error {
	w, st := in.w, in.st
	service, err := w.dict.id(st.Service)
	if err != nil {
		return err
	}
	for i := range in.g.chunks {
		c := &in.g.chunks[i]
		data, err := w.store.only(c, func(i int) bool { return in.verdicts[i] == isNew || in.verdicts[i] == isEnd })
		if err != nil {
			return err
		}
		if data != nil {
			if _, err := w.partOf(st); err != nil {
				return err
			}
			st.part.data = append(st.part.data, data)
			st.part.raw += c.size
		}
		for i := c.from; i < c.to; i++ {
			if err := in.writeSpan(i, service); err != nil {
				return err
			}
		}
		if err := w.flushFull(st); err != nil {
			return err
		}
	}
	return nil
}

func (in *insertion) writeSpan(i int, service int64) error {
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
	r, err := in.row(i)
	if err != nil {
		return err
	}
	if err := w.putSpan(in.st, &r); err != nil {
		return err
	}
	in.rows = append(in.rows, liveRow(f, in.st.ServiceOf(f)))
	if f.Running {
		return nil
	}
	return w.count(1, &r, service)
}

// row turns a span's names into ids.
func (in *insertion) row(i int) (spanRow, error) {
	f := &in.g.spans[i]
	r := spanRow{id: f.ID, parent: f.Parent, start: f.Start, dur: f.Dur, flags: flagsOf(f, in.ownCost[i]), tokens: f.Tokens, cost: -1}
	if f.Running {
		r.dur = -1
	}
	if f.Priced {
		r.cost = f.Cost
	}
	var err error
	id := func(name string) int64 {
		n, e := in.w.dict.id(name)
		if e != nil {
			err = e
		}
		return n
	}
	r.service, r.name, r.typ, r.model = id(f.Service), id(f.Name), id(f.Type), id(f.Model)
	return r, err
}

// writeRecords writes what is new of a group's records, and gives the costs that metrics tell to their spans.
func (in *insertion) writeRecords() error {
	w, g, st := in.w, in.g, in.st
	if len(g.records) == 0 {
		return nil
	}
	seg, err := w.partOf(st)
	if err != nil {
		return err
	}
	fresh := make([]bool, len(g.records))
	for i := range g.records {
		r := &g.records[i]
		outcome := &in.j.result.Records[g.rplaces[i]]
		cost := int64(-1)
		if r.Priced {
			cost = r.Cost
		}
		n, err := w.insertRecord.exec(int64(r.Kind), r.RID[:], st.tid, int64(r.Span), r.At, seg, cost)
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
		if !g.ofTrace {
			continue
		}
		st.Consider(r.Service, r.At)
		if r.Priced {
			if err := in.price(r); err != nil {
				return err
			}
		}
	}
	data, err := w.store.only(&g.rchunk, func(i int) bool { return fresh[i] })
	if err != nil {
		return err
	}
	if data != nil {
		st.part.data = append(st.part.data, data)
		st.part.raw += g.rchunk.size
	}
	return w.flushFull(st)
}

// price gives a cost to its span, now or when it comes.
func (in *insertion) price(r *facts.Record) error {
	w, st := in.w, in.st
	known := st.rows.find(r.Span)
	switch {
	case known == nil:
		_, err := w.addPend.exec(st.tid, int64(r.Span), r.Cost)
		st.pend++ // at least one row; too high a count costs a look-up
		return err
	case known.flags&spanOwnCost != 0:
		return nil
	}
	st.AddCost(r.Cost)
	row := *known
	row.cost = max(row.cost, 0) + r.Cost
	row.flags |= spanPatch
	if err := w.putSpan(st, &row); err != nil {
		return err
	}
	if row.dur < 0 {
		return nil
	}
	service, err := w.dict.id(in.before.Service) // that it was counted for; renameService moves it
	if err != nil {
		return err
	}
	return w.rollups.addCost(row.figure(service), row.start, r.Cost)
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

// writeTrace writes the row of a trace and posts what facets are new.
func (w *writer) writeTrace(st *state) error {
	st.Settle()
	if err := w.postFacets(st); err != nil {
		return err
	}
	var err error
	id := func(name *string) int64 {
		n, e := w.dict.id(*name)
		if e != nil {
			err = e
		}
		*name = w.dict.names[n] // its own copy, so that the state keeps no batch alive
		return n
	}
	service, name, typ := id(&st.Service), id(&st.Name), id(&st.Type)
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
	w.pairs = appendPairs(w.pairs[:0], st.pairs)
	values := append(w.values[:0], st.tid, st.ID[:],
		st.Start, st.Fin-st.Start, int64(st.Spans), int64(st.Errors), int64(root), int64(cover),
		int64(t.Input), int64(t.Output), int64(t.Total), int64(t.Reasoning), int64(t.Cached), cost, st.Seen,
		int64(st.Root), st.RootStart, st.RootEnd-st.RootStart, flags,
		service, int64(st.ServiceRank), st.ServiceAt, int64(st.ServiceID), name, typ, w.pairs, st.Preview, st.tid)
	w.values = values
	if st.stored {
		_, err = w.updateTrace.exec(values[2:]...)
	} else {
		_, err = w.insertTrace.exec(values[:len(values)-1]...)
		st.stored = true
	}
	clear(values)
	return err
}
