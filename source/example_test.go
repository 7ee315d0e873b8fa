package source_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
)

// show runs a source to its end and prints what it sends.
func show[T any](from pipeline.Source[T]) {
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, from), sink.Each(func(item T) { fmt.Print(item, " ") }))
	if err := p.Run(context.Background()); err != nil {
		fmt.Print(err)
	}
}

// Any number of goroutines emit. After Close, or the end of the run, nobody can.
func ExampleEmitter() {
	emitter := source.NewEmitter[int](source.EmitterConfig{})
	p := pipeline.New(pipeline.Config{})
	sum := 0
	pipeline.To(pipeline.From(p, emitter), sink.Each(func(i int) { sum += i }))
	go func() {
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for i := range 100 {
					if err := emitter.Emit(context.Background(), i); err != nil {
						fmt.Println(err)
					}
				}
			})
		}
		group.Wait()
		emitter.Close()
	}()
	fmt.Println(p.Run(context.Background()), sum)
	fmt.Println(emitter.Emit(context.Background(), 1))
	// Output:
	// <nil> 19800
	// pipeline: closed
}

// A program that must never wait drops what finds no room. The ledger knows how much that was.
func ExampleEmitterConfig() {
	emitter := source.NewEmitter[string](source.EmitterConfig{Queue: 2, Overflow: pipeline.DropNewest})
	for _, word := range []string{"plan", "search", "answer"} {
		if err := emitter.Emit(context.Background(), word); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(emitter.Waiting(), "wait")
	emitter.Close()
	show(emitter)
	// Output:
	// 2 wait
	// plan search pipeline: lost 1 of 3 items; emitter: 1 dropped: queue_full
}

// TryEmit says so instead of waiting or dropping.
func ExampleEmitter_TryEmit() {
	emitter := source.NewEmitter[string](source.EmitterConfig{Queue: 1})
	fmt.Println(emitter.TryEmit("plan"))
	fmt.Println(errors.Is(emitter.TryEmit("search"), pipeline.ErrFull))
	// Output:
	// <nil>
	// true
}

func ExampleChan() {
	ch := make(chan string)
	go func() {
		ch <- "plan"
		ch <- "search"
		close(ch)
	}()
	show(source.Chan(ch))
	// Output: plan search
}

func ExampleSeq() {
	tokens := map[string]int{"plan": 7, "search": 12}
	show(source.Seq(slices.Values(slices.Sorted(maps.Keys(tokens)))))
	// Output: plan search
}

func ExampleSlice() {
	show(source.Slice("plan", "search"))
	// Output: plan search
}

// A bad line ends the run, and the error has its number.
func ExampleLines() {
	number := func(line []byte) (n int, err error) {
		_, err = fmt.Sscan(string(line), &n)
		return n, err
	}
	show(source.Lines(strings.NewReader("1\n2\n\nthree\n4\n"), source.LinesConfig{}, number))
	// Output: 1 2 pipeline: stage "lines": line 4: expected integer
}

// With OnBad the source goes on behind a bad line.
func ExampleLinesConfig() {
	word := func(line []byte) (string, error) { return string(line), nil }
	cfg := source.LinesConfig{
		MaxLineBytes: 10,
		OnBad: func(line int, err error) {
			fmt.Printf("(line %d is too long: %v) ", line, errors.Is(err, source.ErrLineTooLong))
		},
	}
	show(source.Lines(strings.NewReader("plan\na very long answer\nsearch"), cfg, word))
	// Output: plan (line 2 is too long: true) search
}

func ExampleLineError() {
	_, err := fmt.Sscan("three", new(int))
	err = fmt.Errorf("reading: %w", &source.LineError{Line: 4, Err: err})
	var bad *source.LineError
	if errors.As(err, &bad) {
		fmt.Println("look at line", bad.Line)
	}
	// Output: look at line 4
}

func ExampleReader() {
	ndjson := `{"traceId":"t1","spanId":"s1","name":"plan"}
{"traceId":"t1","spanId":"s2","parentSpanId":"s1","name":"search"}
`
	p := pipeline.New(pipeline.Config{})
	spans := pipeline.From(p, source.Reader(strings.NewReader(ndjson), source.LinesConfig{}))
	pipeline.To(spans, sink.Each(func(s *span.Span) { fmt.Println(s.ID, s.Name) }))
	fmt.Println(p.Run(context.Background()))
	// Output:
	// s1 plan
	// s2 search
	// <nil>
}

// The function fills in one item at a time and says by io.EOF that there are no more.
func ExamplePull() {
	n := 0
	show(source.Pull(func(_ context.Context, item *int) error {
		if n == 3 {
			return io.EOF
		}
		n++
		*item = n * n
		return nil
	}))
	// Output: 1 4 9
}
