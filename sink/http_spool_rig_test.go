package sink_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"testing"
	"time"

	"compress/gzip"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
)

// shelf is a spool in memory that outlives a run, and fails on demand.
type shelf struct {
	every time.Duration

	mu      sync.Mutex
	next    uint64
	kept    map[uint64]shelved
	buried  []*pipeline.Body // nil is a whole entry
	syncs   int
	fail    func(op string) error // nil: nothing fails
	damaged map[uint64]bool
	loads   []uint64
}

type shelved struct {
	entry sink.SpoolEntry
	body  pipeline.Body
	key   string
}

func newShelf() *shelf {
	return &shelf{kept: map[uint64]shelved{}, damaged: map[uint64]bool{}, every: 100 * time.Millisecond}
}

// failing has operations fail with err from now on; none at all is all of them.
func (s *shelf) failing(err error, ops ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = func(op string) error {
		if len(ops) == 0 || slices.Contains(ops, op) {
			return err
		}
		return nil
	}
}

func (s *shelf) heal() { s.failing(nil) }

func (s *shelf) do(op string) error {
	if s.fail == nil {
		return nil
	}
	return s.fail(op)
}

func (s *shelf) Backlog() ([]sink.SpoolEntry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []sink.SpoolEntry
	for _, k := range s.kept {
		list = append(list, k.entry)
	}
	slices.SortFunc(list, func(a, b sink.SpoolEntry) int { return int(a.Seq) - int(b.Seq) })
	return list, s.do("backlog")
}

func (s *shelf) Put(body *pipeline.Body, key string) (sink.SpoolEntry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.do("put"); err != nil {
		return sink.SpoolEntry{}, err
	}
	s.next++
	e := sink.SpoolEntry{Seq: s.next, Items: body.Items(), Bytes: int64(len(body.Data)) + 100, Created: time.Now()}
	copied := pipeline.Body{
		Data: bytes.Clone(body.Data), ContentType: body.ContentType, ContentEncoding: body.ContentEncoding,
		Parts: slices.Clone(body.Parts), Charged: body.Charged,
	}
	s.kept[e.Seq] = shelved{e, copied, key}
	return e, nil
}

func (s *shelf) Load(e sink.SpoolEntry) (*pipeline.Body, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads = append(s.loads, e.Seq)
	if err := s.do("load"); err != nil {
		return nil, "", err
	}
	k, ok := s.kept[e.Seq]
	if !ok {
		return nil, "", fmt.Errorf("entry %d: %w", e.Seq, fs.ErrNotExist)
	}
	if s.damaged[e.Seq] {
		delete(s.kept, e.Seq)
		return nil, "", fmt.Errorf("entry %d: %w", e.Seq, sink.ErrSpoolDamaged)
	}
	body := k.body
	body.Data, body.Parts = bytes.Clone(body.Data), slices.Clone(body.Parts)
	if body.ContentEncoding == "" {
		body.Plain = body.Data
	}
	return &body, k.key, nil
}

func (s *shelf) Remove(e sink.SpoolEntry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.do("remove"); err != nil {
		return err
	}
	delete(s.kept, e.Seq)
	return nil
}

func (s *shelf) Bury(e sink.SpoolEntry, body *pipeline.Body) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.do("bury"); err != nil {
		return err
	}
	delete(s.kept, e.Seq)
	s.buried = append(s.buried, body)
	return nil
}

func (s *shelf) Sync(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.syncs++
	return s.do("sync")
}

func (s *shelf) SyncEvery() time.Duration { return s.every }

// items is what is there.
func (s *shelf) items() (n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.kept {
		n += int64(k.entry.Items)
	}
	return n
}

// ids of the first spans of entries, in order.
func (s *shelf) order() (seqs []uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for seq := range s.kept {
		seqs = append(seqs, seq)
	}
	slices.Sort(seqs)
	return seqs
}

// gunzipped is for [sink.HTTPConfig.Decompress].
func gunzipped(_ string, data []byte, most int) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	if err == nil && len(plain) > most {
		err = errors.New("too large")
	}
	return plain, err
}

// sameAsStore holds that what the ledger calls spooled is what the store has.
func (r *rig) sameAsStore(s *shelf) {
	r.Helper()
	l := r.p.Ledger()
	if l.Spooled != s.items() || l.Spooled < 0 {
		r.Errorf("the ledger has %d items spooled, the store %d", l.Spooled, s.items())
	}
	if l.Balance() != 0 {
		r.Errorf("balance %d: %+v", l.Balance(), l)
	}
	if stats := r.h.Stats().Spool; stats.Items != s.items() {
		r.Errorf("HTTPStats.Spool has %d items, the store %d", stats.Items, s.items())
	}
}

// events records what OnEvent is told.
type events struct {
	mu   sync.Mutex
	list []string
}

func (e *events) add(v sink.SpoolEvent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, v.Kind.String())
}

func (e *events) want(t *testing.T, want ...string) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Equal(e.list, want) {
		t.Errorf("told of %q, want %q", e.list, want)
	}
}
