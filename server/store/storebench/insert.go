package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/storetest"
)

const projectID = "bench"

// feeder appends batches from some goroutines.
type feeder struct {
	b    *bench
	jobs chan []store.Item
	wg   sync.WaitGroup

	mu     sync.Mutex
	delays []time.Duration
	err    error
}

func (b *bench) feed(ctx context.Context) *feeder {
	f := &feeder{b: b, jobs: make(chan []store.Item, b.writers)}
	for range b.writers {
		f.wg.Go(func() {
			for items := range f.jobs {
				f.append(ctx, items)
			}
		})
	}
	return f
}

// append goes on after an error, so that the generator need not wait for ever.
func (f *feeder) append(ctx context.Context, items []store.Item) {
	began := time.Now()
	result, err := f.b.store.Append(ctx, projectID, &store.Batch{Spans: items})
	for errors.Is(err, store.ErrBusy) && ctx.Err() == nil { // as a sender does that is told so
		time.Sleep(time.Millisecond)
		result, err = f.b.store.Append(ctx, projectID, &store.Batch{Spans: items})
	}
	if stored, repeated, _ := result.Count(); err == nil && stored+repeated != len(items) {
		err = fmt.Errorf("%d of %d spans stored", stored, len(items))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delays = append(f.delays, time.Since(began))
	if f.err == nil {
		f.err = err
	}
}

func (f *feeder) wait() error {
	close(f.jobs)
	f.wg.Wait()
	return f.err
}

// insert generates and appends everything. The time of the generator counts too: it stands for the client.
func (b *bench) insert(ctx context.Context, what string, end time.Time) error {
	spread := time.Duration(b.days * float64(24*time.Hour))
	g := storetest.NewGenerator(1, end.Add(-spread))
	g.Step = spread / time.Duration((b.spans+9)/10)
	f := b.feed(ctx)
	var spent time.Duration // by the generator, on the one goroutine that has it
	cpu, began := cpuTime(), time.Now()
	var items []store.Item
	for left := b.spans; left > 0; {
		made := time.Now()
		for len(items) < b.batch {
			items = append(items, g.Trace()...)
		}
		spent += time.Since(made)
		n := min(b.batch, left)
		f.jobs <- items[:n:n]
		items, left = items[n:], left-n
		if len(items) == 0 {
			items = nil
		}
	}
	if err := f.wait(); err != nil {
		return err
	}
	took, spans := time.Since(began), float64(b.spans)
	cpu = cpuTime() - cpu
	return b.print(what, "%.0f spans/s (%d spans, %.1f s; CPU %.1f µs/span, and the generator was at work for %.1f s of the time)  batch p50 %v p99 %v",
		spans/took.Seconds(), b.spans, took.Seconds(), float64(cpu.Microseconds())/spans, spent.Seconds(), quantile(f.delays, 0.5), quantile(f.delays, 0.99))
}

// addBig stores one large trace.
func (b *bench) addBig(ctx context.Context) error {
	if b.big.n == 0 {
		return nil
	}
	began := time.Now()
	f := b.feed(ctx)
	g := storetest.NewGenerator(2, b.end.Add(-time.Hour))
	for items := range g.Big(b.big.n, b.batch) {
		b.big.id = items[0].Span.TraceID
		f.jobs <- items
	}
	err := f.wait()
	return errors.Join(err, b.print("insert a large trace", "%v (%d spans)", round(time.Since(began)), b.big.n))
}

// steady appends new traces at a rate until ctx ends.
func (b *bench) steady(ctx context.Context, rate int) (int, error) {
	g := storetest.NewGenerator(uint64(time.Now().UnixNano()), time.Now())
	f := b.feed(context.WithoutCancel(ctx))
	n := 0
	began := time.Now()
	for ctx.Err() == nil {
		var items []store.Item
		for len(items) < min(b.batch, max(rate/20, 10)) {
			items = append(items, g.Trace()...)
		}
		f.jobs <- items
		n += len(items)
		ahead := time.Duration(n)*time.Second/time.Duration(rate) - time.Since(began)
		select {
		case <-ctx.Done():
		case <-time.After(ahead):
		}
	}
	return n, f.wait()
}
