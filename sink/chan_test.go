package sink_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
)

func TestChanClosesAtTheEnd(t *testing.T) {
	for _, workers := range []int{1, 4} {
		for _, n := range []int{0, 1, 100} {
			ch := make(chan int)
			items := make([]int, n)
			for i := range items {
				items[i] = i
			}
			done := make(chan []int)
			go func() {
				var got []int
				for i := range ch {
					got = append(got, i)
				}
				done <- got
			}()
			p, err := serve(t, pipeline.Config{}, sink.Chan(ch, sink.ChanConfig{Close: true}), items, pipeline.Workers(workers))
			got := <-done
			slices.Sort(got)
			if err != nil || !slices.Equal(got, items) || p.Ledger().Delivered != int64(n) {
				t.Errorf("%d workers: got %v of %d, error %v, ledger %+v", workers, got, n, err, p.Ledger())
			}
		}
	}
}

func TestChanStaysOpen(t *testing.T) {
	ch := make(chan int, 3)
	if _, err := serve(t, pipeline.Config{}, sink.Chan(ch, sink.ChanConfig{}), []int{1, 2}); err != nil {
		t.Error(err)
	}
	ch <- 3
	if a, b, c := <-ch, <-ch, <-ch; a != 1 || b != 2 || c != 3 {
		t.Errorf("got %d, %d, %d", a, b, c)
	}
}

func TestChanThatNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch := make(chan int)
		p := pipeline.New(pipeline.Config{DrainTimeout: time.Minute})
		pipeline.To(pipeline.From(p, source.Slice(1, 2, 3, 4)), sink.Chan(ch, sink.ChanConfig{Close: true}))
		go func() { <-ch }()
		began := time.Now()
		err := p.Run(t.Context())
		if err == nil || time.Since(began) != time.Minute {
			t.Errorf("Run returned %v after %v", err, time.Since(began))
		}
		if l := p.Ledger(); l.Delivered != 1 || l.Abandoned != 3 {
			t.Errorf("ledger %+v", l)
		}
		settled(t, p)
		if _, open := <-ch; open {
			t.Error("the channel is still open")
		}
	})
}

func TestChanLetsAFlushPassBehindItsItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch := make(chan int)
		in := make(chan int)
		p := pipeline.New(pipeline.Config{})
		pipeline.To(pipeline.From(p, source.Chan(in)), sink.Chan(ch, sink.ChanConfig{Close: true}))
		done := make(chan error, 1)
		go func() { done <- p.Run(t.Context()) }()
		in <- 1
		flushed := make(chan error, 1)
		go func() { flushed <- p.Flush(t.Context()) }()
		synctest.Wait()
		if len(flushed) > 0 {
			t.Error("Flush returned before the item was received")
		}
		if got := <-ch; got != 1 {
			t.Errorf("got %d", got)
		}
		if err := <-flushed; err != nil {
			t.Errorf("Flush: %v", err)
		}
		close(in)
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
}

func TestChanThatIsClosedByOthers(t *testing.T) {
	ch := make(chan int)
	close(ch)
	_, err := serve(t, pipeline.Config{}, sink.Chan(ch, sink.ChanConfig{}), []int{1, 2})
	var panicked *pipeline.PanicError
	if !errors.As(err, &panicked) || panicked.Stage != "chan" {
		t.Errorf("Run returned %v, want a PanicError of stage chan", err)
	}
}

func BenchmarkChan(b *testing.B) {
	for _, room := range []int{0, 256} {
		b.Run(fmt.Sprintf("room=%d", room), func(b *testing.B) {
			ch := make(chan int, room)
			p := pipeline.New(pipeline.Config{})
			flow := pipeline.From(p, source.Seq(func(yield func(int) bool) {
				for b.Loop() {
					if !yield(1) {
						return
					}
				}
			}))
			pipeline.To(flow, sink.Chan(ch, sink.ChanConfig{Close: true}))
			done := make(chan error)
			go func() { done <- p.Run(b.Context()) }()
			b.ReportAllocs()
			for range ch {
			}
			if err := <-done; err != nil {
				b.Error(err)
			}
		})
	}
}

// With Close, a range over the channel ends when everything is sent.
func ExampleChan() {
	ch := make(chan string)
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, source.Slice("plan", "search")), sink.Chan(ch, sink.ChanConfig{Close: true}))
	done := make(chan error)
	go func() { done <- p.Run(context.Background()) }()
	for item := range ch {
		fmt.Println(item)
	}
	fmt.Println(<-done)
	// Output:
	// plan
	// search
	// <nil>
}

// TestChanLooksAtNoItemThatIsGone holds that the receiver may change or free an item at once: the
// race detector would find the sink reading it after that.
func TestChanLooksAtNoItemThatIsGone(t *testing.T) {
	ch := make(chan *parcel)
	go func() {
		for p := range ch {
			p.items, p.bytes = -1, -1
		}
	}()
	items := make([]*parcel, 100)
	for i := range items {
		items[i] = &parcel{items: 2, bytes: 10}
	}
	p, err := serve(t, pipeline.Config{MaxBytes: 1 << 10}, sink.Chan(ch, sink.ChanConfig{Close: true}), items)
	if s := p.Stats(); err != nil || s.Bytes != 0 || s.Ledger.Delivered != 200 {
		t.Errorf("Run returned %v, %d bytes are still charged, ledger %+v", err, s.Bytes, s.Ledger)
	}
}

type parcel struct{ items, bytes int }

func (p *parcel) Items() int { return p.items }
func (p *parcel) Size() int  { return p.bytes }
