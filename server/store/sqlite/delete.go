package sqlite

import (
	"context"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/facts"
	"github.com/tailrace-go/tailrace/span"
)

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, id string, trace span.TraceID) (store.Deleted, error) {
	p, tid, err := s.trace(id, trace)
	if err != nil {
		return store.Deleted{}, err
	}
	var deleted store.Deleted
	err = p.do(ctx, func() error {
		deleted, err = p.delete(tid)
		if err != nil {
			p.dropWriters()
		}
		return err
	})
	if err == nil && deleted == (store.Deleted{}) {
		err = store.ErrNotFound
	}
	return deleted, err
}

// delete removes a trace from every file that has it. It runs on the writing goroutine.
func (p *project) delete(id facts.TraceID) (deleted store.Deleted, err error) {
	for _, f := range p.files() {
		w, err := p.writer(f.day)
		if err != nil {
			return deleted, err
		}
		st, err := w.find(id)
		if err != nil {
			return deleted, err
		}
		if st != nil {
			if err := w.delete(st, &deleted); err != nil {
				return deleted, err
			}
		}
		if err := w.commit(); err != nil {
			return deleted, err
		}
		f.newest.Store(new(newest))
	}
	if deleted != (store.Deleted{}) {
		p.hub.Commit([]store.Change{{Trace: store.Summary{TraceID: id.Text()}, Deleted: true}})
	}
	return deleted, nil
}

func (w *writer) delete(st *state, deleted *store.Deleted) error {
	w.dirty = true
	if err := w.loadSpans(st); err != nil {
		return err
	}
	service, err := w.dict.id(st.Service)
	if err != nil {
		return err
	}
	for i := range st.rows.all {
		if r := &st.rows.all[i]; r.dur >= 0 {
			if err := w.count(-1, r, service); err != nil {
				return err
			}
		}
	}
	if err := w.countRoot(-1, rootFigure(&st.Trace)); err != nil {
		return err
	}
	if err := w.forgetText(st); err != nil {
		return err
	}
	records, err := w.c.exec("DELETE FROM rec WHERE tid > 0 AND tid = ?", st.tid)
	if err != nil {
		return err
	}
	for _, table := range []string{"pend", "traces"} {
		if _, err := w.c.exec("DELETE FROM "+table+" WHERE tid = ?", st.tid); err != nil {
			return err
		}
	}
	if _, err := w.c.exec("DELETE FROM seg WHERE id >= ? AND id < ?", segmentID(st.tid, 0), segmentID(st.tid+1, 0)); err != nil {
		return err
	}
	delete(w.states, st.ID)
	w.held -= len(st.rows.all)
	w.spans -= int64(len(st.rows.all))
	w.records -= records
	if st.Spans > 0 {
		w.traces--
	}
	deleted.Spans += len(st.rows.all)
	deleted.Records += int(records)
	return nil
}
