// Package series adds figures up into the points of series.
package series

import (
	"cmp"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/hist"
	"github.com/tailrace-go/tailrace/span"
)

// Figures are what is counted of one key in one stretch of time.
type Figures struct {
	Count, Errors int
	Tokens        span.Tokens
	Cost          int64
	Hist          hist.Hist
}

func (f *Figures) add(o *Figures) {
	f.Count += o.Count
	f.Errors += o.Errors
	f.Tokens = f.Tokens.Add(o.Tokens)
	f.Cost += o.Cost
	f.Hist.Merge(&o.Hist)
}

func (f *Figures) point() store.Point {
	return store.Point{
		Count: f.Count, Errors: f.Errors, Tokens: f.Tokens, Cost: store.Cost(f.Cost),
		P50: time.Duration(f.Hist.Quantile(0.50)), P95: time.Duration(f.Hist.Quantile(0.95)), P99: time.Duration(f.Hist.Quantile(0.99)),
	}
}

// Builder collects figures for a checked query.
type Builder struct {
	query store.SeriesQuery
	keys  map[string]*one
	n     int
}

type one struct {
	key    string
	total  Figures
	points []Figures
}

// New makes a builder.
func New(q store.SeriesQuery) *Builder {
	return &Builder{query: q, keys: map[string]*one{}, n: int(q.To.Sub(q.From) / q.Step)}
}

// Add counts figures at a time, in seconds since 1970; those outside the range are passed over.
func (b *Builder) Add(t int64, key string, f *Figures) {
	if p := b.At(t, key); p != nil {
		p.add(f)
	}
}

// At is where the figures of a time go; nil outside the range.
func (b *Builder) At(t int64, key string) *Figures {
	i := int(time.Unix(t, 0).Sub(b.query.From) / b.query.Step)
	if t < b.query.From.Unix() || i >= b.n {
		return nil
	}
	o := b.keys[key]
	if o == nil {
		o = &one{key: key, points: make([]Figures, b.n)}
		b.keys[key] = o
	}
	return &o.points[i]
}

// Build makes the answer.
func (b *Builder) Build(commit uint64) store.SeriesSet {
	set := store.SeriesSet{Step: b.query.Step, Commit: commit}
	for i := range b.n {
		set.Times = append(set.Times, b.query.From.Add(time.Duration(i)*b.query.Step))
	}
	all := make([]*one, 0, len(b.keys))
	for _, o := range b.keys {
		for i := range o.points {
			o.total.add(&o.points[i])
		}
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, c *one) int {
		return cmp.Or(cmp.Compare(c.total.Count, a.total.Count), cmp.Compare(a.key, c.key))
	})
	if len(all) > b.query.MaxKeys {
		rest := &one{key: store.OtherKey, points: make([]Figures, b.n)}
		for _, o := range all[b.query.MaxKeys:] {
			rest.total.add(&o.total)
			for i := range o.points {
				rest.points[i].add(&o.points[i])
			}
		}
		all = append(all[:b.query.MaxKeys], rest)
	}
	for _, o := range all {
		s := store.Series{Key: o.key, Total: o.total.point()}
		for i := range o.points {
			s.Points = append(s.Points, o.points[i].point())
		}
		set.Series = append(set.Series, s)
	}
	return set
}
