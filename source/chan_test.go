package source_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

func TestChanEndsWhenItIsClosed(t *testing.T) {
	for _, room := range []int{0, 10} {
		synctest.Test(t, func(t *testing.T) {
			ch := make(chan int, room)
			go func() {
				for i := range 100 {
					ch <- i
				}
				close(ch)
			}()
			got, p, err := drained(t, source.Chan(ch))
			if err != nil || len(got) != 100 || got[99] != 99 || p.Ledger().Accepted != 100 {
				t.Errorf("room %d: got %v, error %v", room, got, err)
			}
		})
	}
}

func TestChanEndsWithTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch := make(chan int, 2)
		l := start(t, pipeline.Config{}, source.Chan(ch), false)
		ch <- 1
		l.moving(pipeline.Ledger{Accepted: 1, Delivered: 1})
		if err := l.end(); err != nil {
			t.Errorf("Run returned %v", err)
		}
		ch <- 2
		synctest.Wait()
		if len(ch) != 1 || fmt.Sprint(l.got) != "[1]" {
			t.Errorf("%d items are in the channel, the sink has %v", len(ch), l.got)
		}
	})
}

func TestChanThatIsBusyEndsWithTheRun(t *testing.T) {
	ch := make(chan int)
	ctx, cancel := context.WithCancel(t.Context())
	over, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for i := 0; ; i++ {
			select {
			case ch <- i:
			case <-over:
				return
			}
		}
	}()
	p := pipeline.New(pipeline.Config{})
	n := 0
	pipeline.To(pipeline.From(p, source.Chan(ch)), sink.Each(func(int) {
		if n++; n == 1000 {
			cancel()
		}
	}))
	if err := p.Run(ctx); err != nil {
		t.Errorf("Run returned %v", err)
	}
	pipelinetest.CheckLedger(t, p)
	close(over)
	<-gone
}

func TestFlushPassesAWaitingChan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch := make(chan int)
		p := pipeline.New(pipeline.Config{})
		var got []pipeline.Batch[int]
		flow := pipeline.Via(pipeline.From(p, source.Chan(ch)), stages.Batch[int](stages.BatchConfig{}))
		pipeline.To(flow, sink.Each(func(b pipeline.Batch[int]) { got = append(got, b) }))
		done := make(chan error, 1)
		go func() { done <- p.Run(t.Context()) }()
		ch <- 1
		ch <- 2
		for range 2 {
			synctest.Wait()
			if err := p.Flush(t.Context()); err != nil || fmt.Sprint(got) != "[[1 2]]" {
				t.Errorf("Flush: %v, the sink has %v", err, got)
			}
		}
		ch <- 3
		close(ch)
		if err := <-done; err != nil || fmt.Sprint(got) != "[[1 2] [3]]" {
			t.Errorf("Run returned %v, the sink has %v", err, got)
		}
	})
}

func TestSourcesGoOnAfterGoexitBelow(t *testing.T) {
	ch := make(chan int, 3)
	emitter := source.NewEmitter[int](source.EmitterConfig{})
	for i := range 3 {
		ch <- i
		if err := emitter.Emit(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
	close(ch)
	emitter.Close()
	for name, from := range map[string]pipeline.Source[int]{"chan": source.Chan(ch), "emitter": emitter} {
		p := pipeline.New(pipeline.Config{})
		var got []int
		flow := pipeline.Via(pipeline.From(p, from), stages.Tap(func(i int) {
			if i == 1 {
				runtime.Goexit()
			}
		}))
		pipeline.To(flow, sink.Each(func(i int) { got = append(got, i) }))
		var panicked *pipeline.PanicError
		if err := p.Run(t.Context()); !errors.As(err, &panicked) || fmt.Sprint(got) != "[0 2]" {
			t.Errorf("%s: Run returned %v, the sink has %v", name, err, got)
		}
		pipelinetest.CheckLedger(t, p)
	}
}

func TestSourcesOfNothing(t *testing.T) {
	for name, from := range map[string]pipeline.Source[int]{"Chan": source.Chan[int](nil), "Seq": source.Seq[int](nil), "Pull": source.Pull[int](nil)} {
		p := pipeline.New(pipeline.Config{})
		pipeline.To(pipeline.From(p, from), sink.Discard[int]())
		if err := p.Run(t.Context()); !errors.Is(err, pipeline.ErrConfig) {
			t.Errorf("%s of nil: Run returned %v, want an ErrConfig", name, err)
		}
	}
}

func BenchmarkChan(b *testing.B) {
	for _, room := range []int{0, 256} {
		b.Run(fmt.Sprintf("room=%d", room), func(b *testing.B) {
			ch := make(chan int, room)
			p := pipeline.New(pipeline.Config{})
			pipeline.To(pipeline.From(p, source.Chan(ch)), sink.Discard[int]())
			done := make(chan error)
			go func() { done <- p.Run(b.Context()) }()
			b.ReportAllocs()
			for b.Loop() {
				ch <- 1
			}
			close(ch)
			if err := <-done; err != nil {
				b.Error(err)
			}
		})
	}
}
