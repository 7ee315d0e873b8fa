// Package storetest holds every implementation of [store.Store] to the promises of that interface: Run tests them one by
// one, Model compares two stores on random histories.
package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// Options are what a test wants of a store.
type Options struct {
	Dir    string           // of this store alone; it may be opened again after Close
	Now    func() time.Time // the store's clock
	Limits store.Limits     // of every project
}

// Open opens a store.
type Open func(o Options) (store.Store, error)

// Noon is what clocks of these tests show unless they say otherwise.
var Noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// fixture is a store and its clock.
type fixture struct {
	*testing.T
	store.Store
	clock time.Time
}

func open(t *testing.T, o Open, options Options) *fixture {
	t.Helper()
	f := &fixture{T: t, clock: Noon}
	options.Dir = t.TempDir()
	options.Now = func() time.Time { return f.clock }
	s, err := o(options)
	if err != nil {
		t.Fatal(err)
	}
	f.Store = s
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return f
}

// project is the one that most tests use.
const project = "p1"

// append appends spans and fails the test when the store does.
func (f *fixture) append(spans ...*span.Span) store.Result {
	f.Helper()
	return f.batch(&store.Batch{Spans: items(spans...)})
}

func (f *fixture) batch(b *store.Batch) store.Result {
	f.Helper()
	r, err := f.Append(context.Background(), project, b)
	if err != nil {
		f.Fatalf("append: %v", err)
	}
	if len(r.Spans) != len(b.Spans) || len(r.Records) != len(b.Records) {
		f.Fatalf("outcomes of %d spans and %d records for %d and %d", len(r.Spans), len(r.Records), len(b.Spans), len(b.Records))
	}
	return r
}

func (f *fixture) list(filter store.Filter) []store.Summary {
	f.Helper()
	page, err := f.List(context.Background(), project, filter)
	if err != nil {
		f.Fatalf("list %+v: %v", filter, err)
	}
	return page.Traces
}

// one returns the only trace.
func (f *fixture) one() store.Summary {
	f.Helper()
	all := f.list(store.Filter{})
	if len(all) != 1 {
		f.Fatalf("%d traces, want 1: %+v", len(all), all)
	}
	return all[0]
}

func items(spans ...*span.Span) []store.Item {
	var items []store.Item
	for _, s := range spans {
		items = append(items, store.Item{Span: s})
	}
	return items
}

// traceID and spanID make ids of small numbers.
func traceID(n int) span.TraceID { return span.TraceID(fmt.Sprintf("%032x", n)) }
func spanID(n int) span.ID       { return span.ID(fmt.Sprintf("%016x", n)) }

// made is a span of a trace that ends after d. parent 0 makes it the root.
func made(trace, id, parent int, start time.Time, d time.Duration) *span.Span {
	s := &span.Span{
		TraceID: traceID(trace), ID: spanID(id), Name: fmt.Sprintf("span %d", id), Type: span.TypeGeneric,
		Start: start, Root: parent == 0,
	}
	if parent != 0 {
		s.ParentID = spanID(parent)
	}
	if d >= 0 {
		s.End = start.Add(d)
	}
	return s
}

// running is a span without an end.
func running(trace, id, parent int, start time.Time) *span.Span {
	return made(trace, id, parent, start, -1)
}

// states counts outcomes: stored, repeated, rejected.
func states(outcomes []store.Outcome) [3]int {
	var n [3]int
	for _, o := range outcomes {
		n[o.State]++
	}
	return n
}
