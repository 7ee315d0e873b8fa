package sink_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

// digits writes a number and a comma. Some numbers are trouble.
func digits(buf []byte, i int) ([]byte, error) {
	switch i {
	case 13:
		return append(buf, "half"...), errOdd
	case 14:
		return nil, errOdd
	case 15:
		_ = append(buf, "half"...)
		panic(errOdd)
	case 16:
		return buf[:0], nil
	}
	return append(strconv.AppendInt(buf, int64(i), 10), ','), nil
}

// record is a writer that remembers each Write and fails at some.
type record struct {
	mu      sync.Mutex // fake time wakes a test and a writer in no order
	writes  []string
	fails   func(n int) error // nil: never
	flushed int
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes = append(r.writes, string(p))
	if r.fails != nil {
		if err := r.fails(len(r.writes)); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (r *record) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.writes, "|")
}

func (r *record) Flush() error {
	r.flushed++
	return nil
}

func TestWriter(t *testing.T) {
	w := &record{}
	p, err := serve(t, pipeline.Config{}, sink.Writer(w, digits, sink.WriterConfig{BufferBytes: 4}), []int{1, 2, 3, 4567, 8})
	if want := []string{"1,2,", "3,4567,", "8,"}; err != nil || !slices.Equal(w.writes, want) || w.flushed != 1 || p.Ledger().Delivered != 5 {
		t.Errorf("wrote %q, want %q, flushed %d times, error %v", w.writes, want, w.flushed, err)
	}
}

func TestWriterKeepsBadItemsApart(t *testing.T) {
	var losses []string
	cfg := pipeline.Config{OnLoss: func(_, reason string, item any) { losses = append(losses, fmt.Sprintf("%v=%s", item, reason)) }}
	w := &record{}
	_, err := serve(t, cfg, sink.Writer(w, digits, sink.WriterConfig{}), []int{1, 13, 2, 14, 3, 15, 4, 16, 5}, pipeline.OnError(pipeline.Skip))
	if got := strings.Join(w.writes, "|"); got != "1,2,3,4,5," || err == nil {
		t.Errorf("wrote %q, error %v", got, err)
	}
	if got := fmt.Sprint(losses); got != "[13=encode 14=encode 15=stage_panic 16=encode]" {
		t.Errorf("lost %v", got)
	}
}

func TestWriterThatFails(t *testing.T) {
	broken := errors.New("the disk is full")
	once := func(n int) error {
		if n == 2 {
			return broken
		}
		return nil
	}
	w := &record{fails: once}
	var losses []any
	cfg := pipeline.Config{OnLoss: func(_, _ string, item any) { losses = append(losses, item) }}
	p, err := serve(t, cfg, sink.Writer(w, digits, sink.WriterConfig{BufferBytes: 4}), []int{1, 2, 3, 4, 5, 6}, pipeline.OnError(pipeline.Skip))
	var lost *pipeline.LossError
	if !errors.As(err, &lost) || p.Ledger().Failed != 2 || p.Ledger().Delivered != 4 || fmt.Sprint(losses) != "[3 4]" {
		t.Errorf("error %v, ledger %+v, lost %v", err, p.Ledger(), losses)
	}
	w = &record{fails: once}
	p, err = serve(t, pipeline.Config{}, sink.Writer(w, digits, sink.WriterConfig{BufferBytes: 2}), []int{1, 2})
	if !errors.Is(err, broken) || p.Ledger().Failed != 1 || p.Ledger().Delivered != 1 {
		t.Errorf("by default: error %v, ledger %+v, want the run to end with it", err, p.Ledger())
	}
	p, err = serve(t, pipeline.Config{}, sink.Writer(shortWriter{}, digits, sink.WriterConfig{}), []int{1})
	if !errors.Is(err, io.ErrShortWrite) || p.Ledger().Failed != 1 {
		t.Errorf("a short write: error %v, ledger %+v", err, p.Ledger())
	}
}

// shortWriter breaks the contract of io.Writer.
type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return len(p) - 1, nil }

func TestWriterWhoseFlushFails(t *testing.T) {
	broken := errors.New("the pipe is broken")
	w := bufio.NewWriter(&record{fails: func(int) error { return broken }})
	if _, err := serve(t, pipeline.Config{}, sink.Writer(w, digits, sink.WriterConfig{}), []int{1}); !errors.Is(err, broken) {
		t.Errorf("Run returned %v", err)
	}
	w.Reset(&record{fails: func(int) error { return broken }})
	if _, err := serve(t, pipeline.Config{}, sink.Bodies(w), []*pipeline.Body{{Data: []byte("x"), Parts: make([]pipeline.Part, 1)}}); !errors.Is(err, broken) {
		t.Errorf("Bodies: Run returned %v", err)
	}
}

func TestWriterWaitsAndFlushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &record{}
		emitter := source.NewEmitter[int](source.EmitterConfig{})
		p := pipeline.New(pipeline.Config{})
		pipeline.To(pipeline.From(p, emitter), sink.Writer(w, digits, sink.WriterConfig{MaxWait: time.Second}))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		expect := func(want string, ledger pipeline.Ledger) {
			t.Helper()
			synctest.Wait()
			if got := w.text(); got != want || p.Ledger() != ledger {
				t.Errorf("wrote %q, ledger %+v, want %q, %+v", got, p.Ledger(), want, ledger)
			}
		}
		emit := func(i int) {
			t.Helper()
			if err := emitter.Emit(ctx, i); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		emit(1)
		time.Sleep(600 * time.Millisecond)
		emit(2)
		time.Sleep(399 * time.Millisecond)
		expect("", pipeline.Ledger{Accepted: 2, InFlight: 2})
		time.Sleep(time.Millisecond)
		expect("1,2,", pipeline.Ledger{Accepted: 2, Delivered: 2})
		emit(3)
		if err := p.Flush(ctx); err != nil {
			t.Errorf("Flush: %v", err)
		}
		expect("1,2,|3,", pipeline.Ledger{Accepted: 3, Delivered: 3})
		time.Sleep(900 * time.Millisecond)
		emit(4)
		time.Sleep(999 * time.Millisecond) // the wait of 3 is over, but 4 has one of its own
		expect("1,2,|3,", pipeline.Ledger{Accepted: 4, Delivered: 3, InFlight: 1})
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
		expect("1,2,|3,|4,", pipeline.Ledger{Accepted: 4, Delivered: 4})
		if w.flushed != 2 {
			t.Errorf("flushed %d times, want at the Flush and at the end", w.flushed)
		}
	})
}

func TestWriterUnderABudget(t *testing.T) {
	p, err := serve(t, pipeline.Config{MaxBytes: 1000}, sink.Writer(io.Discard, func(buf []byte, b pipeline.Batch[sized]) ([]byte, error) {
		if len(b) == 2 {
			return buf, errOdd
		}
		return append(buf, "batch"...), nil
	}, sink.WriterConfig{}), []pipeline.Batch[sized]{{1, 2, 3}, {4, 5}, {6}}, pipeline.OnError(pipeline.Skip))
	if l := p.Ledger(); err == nil || l.Delivered != 4 || l.Failed != 2 || p.Stats().Bytes != 0 {
		t.Errorf("error %v, ledger %+v, %d bytes still charged", err, l, p.Stats().Bytes)
	}
}

type sized int

func (s sized) Size() int { return int(s) }

func TestBodies(t *testing.T) {
	var freed atomic.Int32
	var all []*pipeline.Body
	for i := range 3 {
		b := &pipeline.Body{Data: fmt.Appendf(nil, "body %d;", i), Parts: make([]pipeline.Part, i+1)}
		b.OnFree(func(*pipeline.Body) { freed.Add(1) })
		all = append(all, b)
	}
	var out bytes.Buffer
	p, err := serve(t, pipeline.Config{}, sink.Bodies(&out), all)
	if err != nil || out.String() != "body 0;body 1;body 2;" || freed.Load() != 3 || p.Ledger().Delivered != 6 {
		t.Errorf("wrote %q, freed %d, error %v, ledger %+v", out.String(), freed.Load(), err, p.Ledger())
	}
	for _, b := range all {
		b.OnFree(func(*pipeline.Body) { t.Error("a body that was not written is freed") })
	}
	p, err = serve(t, pipeline.Config{}, sink.Bodies(shortWriter{}), all, pipeline.OnError(pipeline.Skip))
	if err == nil || p.Ledger().Failed != 6 {
		t.Errorf("error %v, ledger %+v", err, p.Ledger())
	}
}

func BenchmarkWriter(b *testing.B) {
	p := pipeline.New(pipeline.Config{})
	flow := pipeline.From(p, source.Seq(func(yield func(int) bool) {
		for b.Loop() {
			if !yield(1) {
				return
			}
		}
	}))
	pipeline.To(flow, sink.Writer(io.Discard, digits, sink.WriterConfig{}))
	b.ReportAllocs()
	if err := p.Run(b.Context()); err != nil {
		b.Error(err)
	}
}

// A line for each item.
func ExampleWriter() {
	line := func(buf []byte, word string) ([]byte, error) { return append(append(buf, word...), '\n'), nil }
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, source.Slice("plan", "search")), sink.Writer(os.Stdout, line, sink.WriterConfig{BufferBytes: 4 << 10}))
	if err := p.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// plan
	// search
}

// What a pipeline would send goes to standard output instead.
func ExampleBodies() {
	p := pipeline.New(pipeline.Config{})
	batches := pipeline.From(p, source.Slice(pipeline.Batch[string]{"plan", "search"}))
	bodies := pipeline.Via(batches, stages.Encode(stages.JSON[string]{}, stages.EncodeConfig{}))
	pipeline.To(bodies, sink.Bodies(os.Stdout))
	if err := p.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: ["plan","search"]
}
