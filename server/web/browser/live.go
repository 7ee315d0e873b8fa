package browser

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/live"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// Live is a process that shows two pipelines on a page of its own, see package live: one of spans, whose sink stalls until
// it is released, and one that waits for something to do. Both end with the test.
type Live struct {
	URL     string
	Release func() // lets the sink go on
	Down    func() // ends the process, as far as its page can tell; the pipelines go on
}

// Hostile is the name of a stage in the second pipeline of a [Live].
const Hostile = `<img src=x onerror="alert(1)">`

// ServeLive starts the pipelines and their page.
func ServeLive(t T) *Live {
	t.Helper()
	release := make(chan struct{})
	l := &Live{Release: sync.OnceFunc(func() { close(release) })}
	spans, audit := stalling(t, release), waiting()
	end := started(t, spans, audit)
	mux := http.NewServeMux()
	mux.Handle("/debug/pipeline/", live.Handler(spans, audit))
	server := httptest.NewServer(mux)
	down := sync.OnceFunc(func() {
		server.CloseClientConnections()
		server.Close()
	})
	l.URL, l.Down = server.URL+"/debug/pipeline/", down
	t.Cleanup(func() {
		l.Release()
		end()
		l.Down()
	})
	return l
}

// stalling is a pipeline of spans, which come faster than they are taken.
func stalling(t T, release chan struct{}) *pipeline.Pipeline {
	p := pipeline.New(pipeline.Config{Name: "spans", MaxBytes: 4 << 20, MaxItemBytes: 1 << 10})
	emitter := source.NewEmitter[*span.Span](source.EmitterConfig{Queue: 64, Overflow: pipeline.DropNewest})
	kept := pipeline.Via(pipeline.From(p, emitter), stages.Filter(func(s *span.Span) bool { return s.Name != "no-op" }))
	batches := pipeline.Via(kept, stages.Batch[*span.Span](stages.BatchConfig{MaxItems: 50, MaxWait: 100 * time.Millisecond}))
	bodies := pipeline.Via(batches, stages.Encode(span.V1, stages.EncodeConfig{}), pipeline.Workers(2))
	n := 0
	pipeline.To(bodies, sink.Func(func(ctx context.Context, b *pipeline.Body) error {
		defer b.Free()
		switch n++; {
		case n == 3:
			return errors.New("the third is refused")
		case n > 20:
			select {
			case <-release:
			case <-ctx.Done():
			}
		}
		return nil
	}), pipeline.Name("send"), pipeline.OnError(pipeline.Skip))
	done, stop := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-stop:
				return
			}
			for i := range 40 {
				s := &span.Span{TraceID: "0a0b0c0d0e0f101112131415161718a1", ID: "0a0b0c0d0e0f1011", Name: "call", Start: time.Now(), End: time.Now()}
				if i%8 == 0 {
					s.Name = "no-op"
				}
				s.Freeze()
				_ = emitter.TryEmit(s) // what there is no room for is dropped, and counted
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-done
	})
	return p
}

// waiting is a pipeline with each kind of join, into which nothing is sent.
func waiting() *pipeline.Pipeline {
	p := pipeline.New(pipeline.Config{Name: "audit"})
	letters := pipeline.NewDeadLetters[int](p)
	lanes := pipeline.Partition(pipeline.From(p, source.NewEmitter[int](source.EmitterConfig{})), 2, func(i int) int { return i })
	double := stages.Map(func(i int) int { return 2 * i })
	merged := pipeline.Merge(lanes[0], pipeline.Via(lanes[1], double, pipeline.Name(Hostile), pipeline.OnError(pipeline.ToDeadLetters(letters))))
	branches := pipeline.Fork(merged, 2)
	pipeline.To(branches[0], sink.Each(func(int) {}), pipeline.Name("count"))
	pipeline.To(branches[1], sink.Each(func(int) {}), pipeline.Name("keep"))
	pipeline.To(letters.Flow(), sink.Each(func(pipeline.DeadLetter[int]) {}), pipeline.Name("lost"))
	return p
}

// started runs pipelines; the function it returns ends them.
func started(t T, pipelines ...*pipeline.Pipeline) (end func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context())) // it outlives the pages, which are closed after the test
	var runs sync.WaitGroup
	for _, p := range pipelines {
		runs.Go(func() {
			var loss *pipeline.LossError
			if err := p.Run(ctx); err != nil && !errors.As(err, &loss) {
				t.Errorf("browser: a pipeline ends: %v", err)
			}
		})
	}
	return func() {
		cancel()
		runs.Wait()
	}
}
