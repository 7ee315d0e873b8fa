// This file is the manual: the whole path of a span, readable from top to bottom. What a user writes is in the first
// half; the other end of the wire, and how the tests compare, is below.
//
//   - Example: spans in, bytes out, on one screen
//   - Example_customStage: a stage of your own is one function
//   - TestWholePath: every span arrives, and arrives as it was
//   - TestSlowServer: who is slow makes the others wait, and nothing is lost
//   - TestDrainDeadline: who never answers costs an exact number of spans
//   - TestOverflow: or let the program go on and the spans be dropped, counted
package tailrace_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
	"go.uber.org/goleak"
)

// Spans enter through an emitter, are filtered, grouped, encoded, compressed and posted. Every one of them ends in a
// column of the ledger.
func Example() {
	collector := newServer() // what a real program has is a URL
	defer collector.Close()

	// A pipeline is described first. Nothing runs yet; each flow is typed, and the compiler holds the joints together.
	p := pipeline.New(pipeline.Config{Name: "manual", DrainTimeout: 10 * time.Second})
	emitter := source.NewEmitter[*span.Span](source.EmitterConfig{})

	spans := pipeline.From(p, emitter)
	kept := pipeline.Via(spans, stages.Filter(func(s *span.Span) bool { return !s.Event }))
	batches := pipeline.Via(kept, stages.Batch[*span.Span](stages.BatchConfig{MaxItems: 20, MaxWait: 5 * time.Second}))
	bodies := pipeline.Via(batches, stages.Encode(span.V1, stages.EncodeConfig{}))
	packed := pipeline.Via(bodies, stages.Compress(stages.Zstd), pipeline.Workers(2), pipeline.Ordered())
	pipeline.To(packed, sink.HTTP(collector.URL))

	// Any number of goroutines emit. A nil error means that the span is the pipeline's from now on.
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for _, s := range capturedSpans() {
			if err := emitter.Emit(ctx, s); err != nil {
				fmt.Println("not accepted:", err)
			}
		}
		cancel() // in a real program: the end of main, or a signal
	}()

	// Run ends when its context does, but not before everything that was accepted got through: it drains. Nobody waits
	// for the five seconds of an incomplete batch.
	err := p.Run(ctx)

	l := p.Ledger()
	fmt.Println("error:", err)
	fmt.Printf("accepted %d = delivered %d + filtered %d\n", l.Accepted, l.Delivered, l.Filtered)
	fmt.Printf("the server has %d spans, from %d requests with Content-Encoding %s\n", len(collector.spans), collector.requests, collector.encoding)
	// Output:
	// error: <nil>
	// accepted 73 = delivered 67 + filtered 6
	// the server has 67 spans, from 4 requests with Content-Encoding zstd
}

// A stage of your own is one function, run by the engine as an actor: it has a goroutine and an inbox of its own, and
// its state is its local variables. It sends each item it takes or says what became of it.
func Example_customStage() {
	dedup := func(ctx context.Context, in *pipeline.Inlet[*span.Span], out *pipeline.Outlet[*span.Span]) error {
		seen := map[span.ID]bool{}
		for s := range in.All() { // ends when upstream is done and the inbox is empty
			if seen[s.ID] {
				in.Filtered(s) // an actor says what became of each item it does not send
				continue
			}
			seen[s.ID] = true
			if err := out.Send(s); err != nil {
				return err // nothing more gets through; the engine counts s
			}
		}
		return in.Err()
	}

	p := pipeline.New(pipeline.Config{})
	spans := pipeline.From(p, source.Slice(
		&span.Span{ID: "a1", Name: "plan"},
		&span.Span{ID: "a2", Name: "search"},
		&span.Span{ID: "a1", Name: "plan"}, // a retry of whoever sent it
		&span.Span{ID: "a3", Name: "answer"},
	))
	uniq := pipeline.Via(spans, pipeline.Actor(dedup), pipeline.Name("dedup"))
	pipeline.To(uniq, sink.Each(func(s *span.Span) { fmt.Println(s.Name) }))
	err := p.Run(context.Background())

	fmt.Println("error:", err)
	fmt.Println("filtered by dedup:", p.Stats().Stage("dedup").Filtered)
	// Output:
	// plan
	// search
	// answer
	// error: <nil>
	// filtered by dedup: 1
}

// TestWholePath sends what real exporters sent, from several goroutines, to a server on loopback that undoes the
// compression and reads the bodies: every span is there once, and every field of it is as it was.
func TestWholePath(t *testing.T) {
	for _, c := range []struct {
		compression stages.Compression
		opts        []pipeline.Option
	}{
		{stages.None, nil},
		{stages.Gzip, nil},
		{stages.Zstd, []pipeline.Option{pipeline.Workers(2), pipeline.Ordered()}},
		{stages.S2, []pipeline.Option{pipeline.Workers(2)}},
	} {
		t.Run(c.compression.String(), func(t *testing.T) {
			collector := newServer()
			defer collector.Close()

			p := pipeline.New(pipeline.Config{})
			emitter := source.NewEmitter[*span.Span](source.EmitterConfig{})
			spans := pipeline.From(p, emitter)
			kept := pipeline.Via(spans, stages.Filter(worthSending))
			batches := pipeline.Via(kept, stages.Batch[*span.Span](stages.BatchConfig{MaxItems: 20, MaxWait: time.Minute}))
			bodies := pipeline.Via(batches, stages.Encode(span.V1, stages.EncodeConfig{}))
			packed := pipeline.Via(bodies, stages.Compress(c.compression), c.opts...)
			pipeline.To(packed, sink.HTTP(collector.URL))

			// Three producers share the spans out among them. The one that is done last ends the flow, and with that the
			// run: a source that ends is drained like one whose context ends.
			sent := capturedSpans()
			var producers sync.WaitGroup
			for i := range 3 {
				producers.Go(func() {
					for n := i; n < len(sent); n += 3 {
						if err := emitter.Emit(t.Context(), sent[n]); err != nil {
							t.Errorf("span %d was not accepted: %v", n, err)
						}
					}
				})
			}
			go func() {
				producers.Wait()
				emitter.Close()
			}()

			if err := p.Run(t.Context()); err != nil {
				t.Errorf("Run: %v", err)
			}
			want := map[span.ID]*span.Span{}
			for _, s := range capturedSpans() {
				if worthSending(s) {
					want[s.ID] = s
				}
			}
			collector.check(t, want)
			addsUp(t, p, pipeline.Ledger{Accepted: int64(len(sent)), Delivered: int64(len(want)), Filtered: int64(len(sent) - len(want))})
		})
	}
}

// TestSlowServer has a collector that takes a second for each answer. The queues fill up, then the program that emits
// has to wait: that is backpressure, and why memory stays bounded. Nothing is lost.
//
// The clock is that of testing/synctest, so the minutes in this test take no time, and what it sees is exact.
func TestSlowServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const spans = 600
		collector := sinktest.StartPipe(t, sinktest.Config{})
		collector.Set(sinktest.Delay(time.Second))
		p, emitter := small(collector, pipeline.Config{}, pipeline.Block)

		var emitted atomic.Int64
		go func() {
			for i := range spans {
				if err := emitter.Emit(t.Context(), numbered(i)); err != nil {
					t.Errorf("span %d was not accepted: %v", i, err)
				}
				emitted.Add(1)
			}
			emitter.Close()
		}()
		begun := time.Now()
		ended := make(chan error, 1)
		go func() { ended <- p.Run(t.Context()) }()

		// After ten and a half seconds the tenth answer has come. The rest of what was accepted is in flight, in queues
		// that are as long as we made them, and the producer waits.
		time.Sleep(10*time.Second + 500*time.Millisecond)
		synctest.Wait()
		l := p.Ledger()
		addsUp(t, p, pipeline.Ledger{Accepted: l.Accepted, Delivered: 10 * batchItems, InFlight: l.Accepted - 10*batchItems})
		if l.InFlight == 0 || l.InFlight > 150 {
			t.Errorf("%d spans are in flight, want some, and no more than the queues hold", l.InFlight)
		}
		if n := emitted.Load(); n == spans || n != l.Accepted {
			t.Errorf("the producer has emitted %d spans of %d, and %d were accepted", n, spans, l.Accepted)
		}

		// Left alone, all of them arrive, at the pace of the collector.
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		addsUp(t, p, pipeline.Ledger{Accepted: spans, Delivered: spans})
		if took := time.Since(begun); took != spans/batchItems*time.Second {
			t.Errorf("%d answers took %v", spans/batchItems, took)
		}
		if stored := collector.Len(); stored != spans {
			t.Errorf("the collector has %d spans of %d", stored, spans)
		}
	})
}

// TestDrainDeadline has a collector that answers three times and then never again. The drain has five seconds; what has
// no answer by then is abandoned, and Run says how much that was, where, and hands it over.
func TestDrainDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const spans, answers = 95, 3
		collector := sinktest.StartPipe(t, sinktest.Config{})
		collector.Script(make([]sinktest.Fault, answers)...) // nil is a healthy answer
		collector.Set(sinktest.Stall())
		var mu sync.Mutex // OnLoss is called from several goroutines
		lost := map[span.ID]bool{}
		onLoss := func(stage, reason string, item any) {
			mu.Lock()
			defer mu.Unlock()
			if reason != pipeline.ReasonDrainDeadline {
				t.Errorf("stage %s lost a %T: %s", stage, item, reason)
			}
			for _, id := range idsOf(t, item) {
				lost[id] = true
			}
		}
		p, emitter := small(collector, pipeline.Config{DrainTimeout: 5 * time.Second, OnLoss: onLoss}, pipeline.Block)

		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.Run(ctx) }()
		for i := range spans {
			if err := emitter.Emit(ctx, numbered(i)); err != nil {
				t.Errorf("span %d was not accepted: %v", i, err)
			}
		}
		synctest.Wait() // three batches are stored, the fourth is stuck, and nothing moves
		cancel()
		begun := time.Now()
		err := <-ended
		if took := time.Since(begun); took != 5*time.Second {
			t.Errorf("the drain took %v, its deadline is 5s", took)
		}

		const delivered, abandoned = answers * batchItems, spans - answers*batchItems
		addsUp(t, p, pipeline.Ledger{Accepted: spans, Delivered: delivered, Abandoned: abandoned})
		var loss *pipeline.LossError
		if !errors.As(err, &loss) || loss.Ledger.Abandoned != abandoned {
			t.Errorf("Run says %v, want a *LossError of %d abandoned", err, abandoned)
		}

		// By id, not by sum: each span is either at the collector or was handed to OnLoss.
		for _, r := range collector.Records() {
			if lost[span.ID(r.SpanID)] {
				t.Errorf("span %s is both stored and lost", r.SpanID)
			}
			lost[span.ID(r.SpanID)] = true
		}
		if len(lost) != spans {
			t.Errorf("%d spans were stored or handed over, of %d", len(lost), spans)
		}
	})
}

// TestOverflow has the same stuck collector, but a program that must not wait. What finds no room is dropped, and the
// ledger says so.
func TestOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const spans = 1000
		collector := sinktest.StartPipe(t, sinktest.Config{})
		release := make(chan struct{})
		collector.Set(sinktest.Hold(release))
		p, emitter := small(collector, pipeline.Config{}, pipeline.DropNewest)

		ended := make(chan error, 1)
		go func() { ended <- p.Run(t.Context()) }()
		for i := range spans {
			if err := emitter.TryEmit(numbered(i)); err != nil { // never waits
				t.Errorf("span %d was not accepted: %v", i, err)
			}
		}
		emitter.Close()
		close(release) // the collector is well again
		err := <-ended

		dropped := p.Ledger().Dropped
		addsUp(t, p, pipeline.Ledger{Accepted: spans, Delivered: spans - dropped, Dropped: dropped})
		if dropped == 0 || int(dropped)+collector.Len() != spans {
			t.Errorf("%d spans are dropped and %d stored, of %d", dropped, collector.Len(), spans)
		}
		var loss *pipeline.LossError
		if !errors.As(err, &loss) || loss.Losses[0].Reason != pipeline.ReasonQueueFull || loss.Losses[0].Items != dropped {
			t.Errorf("Run says %v, want a *LossError with %d items for want of room", err, dropped)
		}
	})
}

// addsUp checks the law, and that each column is exactly what is wanted.
func addsUp(t *testing.T, p *pipeline.Pipeline, want pipeline.Ledger) {
	t.Helper()
	l := p.Ledger()
	if l.Accepted+l.Made != l.Delivered+l.Filtered+l.Dropped+l.Failed+l.Abandoned+l.Spooled+l.InFlight {
		t.Errorf("the ledger does not add up: %+v", l)
	}
	if l != want {
		t.Errorf("ledger:\n got %+v\nwant %+v", l, want)
	}
	for _, s := range p.Stats().Stages { // and each stage has a law of its own
		if l.InFlight == 0 && s.In+s.Made != s.Out+s.Delivered+s.Filtered+s.Dropped+s.Failed+s.Abandoned+s.Spooled+s.Held {
			t.Errorf("stage %s does not add up: %+v", s.Name, s)
		}
	}
}

// batchItems is how many spans travel as one where the tests count them.
const batchItems = 10

// small makes a path with little room and one request at a time, to a collector in memory.
func small(collector *sinktest.Collector, cfg pipeline.Config, overflow pipeline.Overflow) (*pipeline.Pipeline, *source.Emitter[*span.Span]) {
	post := sink.NewHTTP(sink.HTTPConfig{Endpoint: collector.URL(), Transport: collector.Transport(), MaxSenders: 1})
	p := pipeline.New(cfg)
	emitter := source.NewEmitter[*span.Span](source.EmitterConfig{Queue: 20, Overflow: overflow})

	spans := pipeline.From(p, emitter)
	kept := pipeline.Via(spans, stages.Filter(worthSending))
	batches := pipeline.Via(kept, stages.Batch[*span.Span](stages.BatchConfig{MaxItems: batchItems, MaxWait: time.Second}), pipeline.Queue(20))
	bodies := pipeline.Via(batches, stages.Encode(span.V1, stages.EncodeConfig{}))
	packed := pipeline.Via(bodies, stages.Compress(stages.Zstd))
	pipeline.To(packed, post.Sink())
	return p, emitter
}

// worthSending turns away the pieces of streamed answers: they are many, and the span of the answer has the whole.
func worthSending(s *span.Span) bool { return s.Type.Canonical() != span.TypeModelChunk }

// numbered makes the i-th of many spans.
func numbered(i int) *span.Span {
	s := &span.Span{
		TraceID: "25f7706a3609ac116109660a88baa0aa",
		ID:      span.ID(fmt.Sprintf("%016x", i+1)),
		Name:    fmt.Sprintf("step: %d", i),
		Start:   time.Now(),
		End:     time.Now(),
	}
	s.SetAttributes(span.ModelStep{StepIndex: &i, FinishReason: "stop"})
	s.Freeze()
	return s
}

// capturedSpans returns the spans of four request bodies, as the exporters of Mastra 0.20, 0.24 and 1.x sent them.
func capturedSpans() []*span.Span {
	var spans []*span.Span
	for _, name := range captured.Names() {
		more, bad, err := span.DecodeBody(captured.Body(name))
		if err != nil || len(bad) > 0 {
			panic(fmt.Sprint(name, err, bad))
		}
		spans = append(spans, more...)
	}
	return spans
}

// idsOf returns the spans in what OnLoss was given: the item as it was at the stage that lost it.
func idsOf(t *testing.T, item any) []span.ID {
	t.Helper()
	var spans []*span.Span
	switch item := item.(type) {
	case *span.Span:
		spans = append(spans, item)
	case pipeline.Batch[*span.Span]:
		spans = item
	case *pipeline.Body:
		for _, part := range item.Parts {
			s, err := span.DecodeRecord(item.Plain[part.From:part.To])
			if err != nil {
				t.Error(err)
			}
			spans = append(spans, s)
		}
	default:
		t.Errorf("a %T is lost", item)
	}
	var ids []span.ID
	for _, s := range spans {
		ids = append(ids, s.ID)
	}
	return ids
}

// server is the other end of the wire: it decompresses bodies, decodes them, and keeps the spans.
type server struct {
	*httptest.Server

	mu       sync.Mutex
	spans    []*span.Span
	requests int
	encoding string // Content-Encoding of the last request
	faults   []error
}

func newServer() *server {
	s := &server{}
	s.Server = httptest.NewServer(s)
	return s
}

// ServeHTTP answers 200 to a body whose every span it could read.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	spans, err := read(r)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spans = append(s.spans, spans...)
	s.requests++
	s.encoding = r.Header.Get("Content-Encoding")
	s.faults = append(s.faults, err)
}

func read(r *http.Request) ([]*span.Span, error) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	decompressor, err := stages.NewDecompressor(stages.DecompressConfig{})
	if err != nil {
		return nil, err
	}
	body, err := decompressor.Append(nil, data, r.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, err
	}
	spans, bad, err := span.DecodeBody(body)
	for _, b := range bad {
		err = errors.Join(err, b)
	}
	return spans, err
}

// check compares what the server has with what it should have, field by field.
func (s *server) check(t *testing.T, want map[span.ID]*span.Span) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(s.faults...); err != nil {
		t.Error(err)
	}
	seen := map[span.ID]bool{}
	for _, got := range s.spans {
		if seen[got.ID] {
			t.Errorf("span %s came twice", got.ID)
		}
		seen[got.ID] = true
		if want[got.ID] == nil {
			t.Errorf("span %s was never sent", got.ID)
			continue
		}
		for field, value := range reflect.ValueOf(*got).Fields() {
			if !field.IsExported() {
				continue
			}
			sent := reflect.ValueOf(*want[got.ID]).FieldByIndex(field.Index).Interface()
			if !reflect.DeepEqual(value.Interface(), sent) {
				t.Errorf("span %s, field %s:\n got %v\nsent %v", got.ID, field.Name, value, sent)
			}
		}
	}
	if len(seen) != len(want) {
		t.Errorf("%d spans arrived, of %d", len(seen), len(want))
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
