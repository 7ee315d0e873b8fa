package pipelinetest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

var errOdd = errors.New("odd")

func number(i int) int { return i }

// stage tests a built-in stage.
func stage[A, B any](item func(i int) A, newStage func() pipeline.Stage[A, B], opts ...pipelinetest.Option) func(*testing.T) {
	return func(t *testing.T) { pipelinetest.TestStage(t, newStage, item, opts...) }
}

func TestBuiltInStages(t *testing.T) {
	retry := pipeline.OnError(pipeline.Retry(pipeline.RetryConfig{Attempts: 1, Max: time.Millisecond}))
	for _, c := range []struct {
		name string
		test func(*testing.T)
	}{
		{"Filter", stage(number, func() pipeline.Stage[int, int] { return stages.Filter(func(i int) bool { return i%3 > 0 }) })},
		{"Retain", stage(number, func() pipeline.Stage[int, int] { return stages.Retain(func(i *int) bool { return *i%3 > 0 }) })},
		{"Sample", stage(number, func() pipeline.Stage[int, int] { return stages.Sample(0.5, strconv.Itoa) })},
		{"SampleRandom", stage(number, func() pipeline.Stage[int, int] { return stages.SampleRandom[int](0.5) })},
		{"Map", stage(number, func() pipeline.Stage[int, string] { return stages.Map(strconv.Itoa) })},
		{"Map, ordered", stage(number, func() pipeline.Stage[int, string] { return stages.Map(strconv.Itoa) },
			pipelinetest.With(pipeline.Workers(3), pipeline.Ordered()))},
		{"TryMap", stage(number, func() pipeline.Stage[int, int] { return stages.TryMap(halve) })},
		{"TryMap, tried again", stage(number, func() pipeline.Stage[int, int] { return stages.TryMap(halve) }, pipelinetest.With(retry))},
		{"Apply", stage(number, func() pipeline.Stage[int, int] { return stages.Apply(func(i *int) { *i *= 2 }) })},
		{"FlatMap", stage(number, func() pipeline.Stage[int, int] {
			return stages.FlatMap(func(i int, emit func(int)) {
				for range i % 4 {
					emit(i)
				}
			})
		})},
		{"Tap", stage(number, func() pipeline.Stage[int, int] { return stages.Tap(func(int) {}) })},
		{"Batch", stage(number, func() pipeline.Stage[int, pipeline.Batch[int]] {
			return stages.Batch[int](stages.BatchConfig{MaxItems: 7})
		})},
		{"Batch, timed", stage(number, func() pipeline.Stage[int, pipeline.Batch[int]] {
			return stages.Batch[int](stages.BatchConfig{MaxItems: 7, MaxWait: 3 * time.Millisecond})
		})},
		{"Batch, held for long", stage(number, func() pipeline.Stage[int, pipeline.Batch[int]] {
			return stages.Batch[int](stages.BatchConfig{MaxWait: 100 * time.Hour})
		})},
		{"Encode", stage(batchOf, func() pipeline.Stage[pipeline.Batch[int], *pipeline.Body] {
			return stages.Encode(codec{}, stages.EncodeConfig{MaxBytes: 20, MaxItemBytes: 10})
		})},
		{"Compress gzip", stage(bodyOf, func() pipeline.Stage[*pipeline.Body, *pipeline.Body] { return stages.Compress(stages.Gzip) }, pipelinetest.Rounds(3))},
		{"Compress zstd", stage(bodyOf, func() pipeline.Stage[*pipeline.Body, *pipeline.Body] { return stages.Compress(stages.Zstd) }, pipelinetest.Rounds(3))},
		{"Compress s2", stage(bodyOf, func() pipeline.Stage[*pipeline.Body, *pipeline.Body] { return stages.Compress(stages.S2) }, pipelinetest.Rounds(3))},
		{"Compress none", stage(bodyOf, func() pipeline.Stage[*pipeline.Body, *pipeline.Body] { return stages.Compress(stages.None) })},
		{"Decompress", stage(bodyOf, func() pipeline.Stage[*pipeline.Body, *pipeline.Body] {
			return stages.Decompress(stages.DecompressConfig{})
		}, pipelinetest.Rounds(3))},
	} {
		t.Run(c.name, c.test)
	}
}

// halve fails on odd numbers.
func halve(_ context.Context, i int) (int, error) {
	if i%2 == 1 {
		return 0, errOdd
	}
	return i / 2, nil
}

// codec writes numbers, and fails on some.
type codec struct{}

func (codec) ContentType() string           { return "text/plain" }
func (codec) AppendOpen(buf []byte) []byte  { return buf }
func (codec) AppendClose(buf []byte) []byte { return buf }
func (codec) AppendItem(buf []byte, item int, _ bool) ([]byte, error) {
	if item%5 == 4 {
		return buf, errOdd
	}
	return fmt.Appendln(buf, item), nil
}

func batchOf(i int) pipeline.Batch[int] { return pipeline.Batch[int]{i, i + 1, i + 2, i + 3, i + 4} }

// bodyOf is a body of one span.
func bodyOf(i int) *pipeline.Body {
	const opening, closing = `{"spans":[`, `]}`
	plain := fmt.Appendf(nil, `%s{"traceId":"t","spanId":"s%d","name":"plan"}%s`, opening, i, closing)
	part := pipeline.Part{From: len(opening), To: len(plain) - len(closing)}
	return &pipeline.Body{Data: plain, Plain: plain, ContentType: "application/json", Parts: []pipeline.Part{part}}
}

func TestBuiltInSources(t *testing.T) {
	for _, c := range []struct {
		name   string
		source func(t *testing.T) pipeline.Source[int]
	}{
		{"Emitter", emitter(pipeline.Block)},
		{"Emitter, dropping the newest", emitter(pipeline.DropNewest)},
		{"Emitter, dropping the oldest", emitter(pipeline.DropOldest)},
		{"Chan", func(t *testing.T) pipeline.Source[int] {
			ch := make(chan int)
			go func() {
				for i := range 1000 {
					select {
					case ch <- i:
					case <-t.Context().Done():
						return
					}
				}
				close(ch)
			}()
			return source.Chan(ch)
		}},
		{"Chan, which nobody closes", func(t *testing.T) pipeline.Source[int] { return source.Chan(make(chan int)) }},
		{"Seq", func(*testing.T) pipeline.Source[int] {
			return source.Seq(func(yield func(int) bool) {
				for i := 0; yield(i); i++ {
					time.Sleep(10 * time.Microsecond)
				}
			})
		}},
		{"Slice", func(*testing.T) pipeline.Source[int] { return source.Slice(1, 2, 3, 4, 5, 6, 7) }},
		{"Pull", func(*testing.T) pipeline.Source[int] {
			i := 0
			return source.Pull(func(_ context.Context, item *int) error {
				if i++; i > 50 {
					return io.EOF
				}
				*item = i
				return nil
			})
		}},
		{"Lines", func(*testing.T) pipeline.Source[int] {
			text := strings.Repeat("1\n22\n\n333\r\n", 30)
			return source.Lines(strings.NewReader(text), source.LinesConfig{}, func(line []byte) (int, error) { return strconv.Atoi(string(line)) })
		}},
	} {
		t.Run(c.name, func(t *testing.T) { pipelinetest.TestSource(t, c.source) })
	}
}

// emitter is an emitter with two producers.
func emitter(overflow pipeline.Overflow) func(t *testing.T) pipeline.Source[int] {
	return func(t *testing.T) pipeline.Source[int] {
		e := source.NewEmitter[int](source.EmitterConfig{Queue: 5, Overflow: overflow})
		var producers sync.WaitGroup
		t.Cleanup(producers.Wait)
		for range 2 {
			producers.Go(func() {
				for i := range 1000 {
					if e.Emit(t.Context(), i) != nil {
						return
					}
					if i%7 == 0 {
						time.Sleep(time.Millisecond)
					}
				}
			})
		}
		return e
	}
}

// sinkTest tests a built-in sink.
func sinkTest[T any](item func(i int) T, newSink func(t *testing.T) pipeline.Sink[T], opts ...pipelinetest.Option) func(*testing.T) {
	return func(t *testing.T) { pipelinetest.TestSink(t, newSink, item, opts...) }
}

func TestBuiltInSinks(t *testing.T) {
	ints := func(newSink func() pipeline.Sink[int], opts ...pipelinetest.Option) func(*testing.T) {
		return sinkTest(number, func(*testing.T) pipeline.Sink[int] { return newSink() }, opts...)
	}
	for _, c := range []struct {
		name string
		test func(*testing.T)
	}{
		{"Discard", ints(sink.Discard[int])},
		{"Each", ints(func() pipeline.Sink[int] { return sink.Each(func(int) {}) })},
		{"View", ints(func() pipeline.Sink[int] { return sink.View(func(*int) {}) })},
		{"Func", ints(func() pipeline.Sink[int] {
			return sink.Func(func(ctx context.Context, i int) error { _, err := halve(ctx, 2*i); return err })
		})},
		{"Func that fails", ints(func() pipeline.Sink[int] {
			return sink.Func(func(ctx context.Context, i int) error { _, err := halve(ctx, i); return err })
		}, pipelinetest.With(pipeline.OnError(pipeline.Skip)))},
		{"Writer", ints(func() pipeline.Sink[int] {
			return sink.Writer(&bytes.Buffer{}, func(buf []byte, i int) ([]byte, error) { return fmt.Appendln(buf, i), nil },
				sink.WriterConfig{BufferBytes: 20, MaxWait: 3 * time.Millisecond})
		}, pipelinetest.Single())},
		{"Bodies", sinkTest(bodyOf, func(*testing.T) pipeline.Sink[*pipeline.Body] { return sink.Bodies(&bytes.Buffer{}) }, pipelinetest.Single())},
		{"Chan", sinkTest(number, func(t *testing.T) pipeline.Sink[int] {
			ch := make(chan int)
			go func() {
				for {
					select {
					case <-ch:
					case <-t.Context().Done():
						return
					}
				}
			}()
			return sink.Chan(ch, sink.ChanConfig{})
		})},
		{"HTTP", sinkTest(bodyOf, func(t *testing.T) pipeline.Sink[*pipeline.Body] {
			c := sinktest.StartPipe(t, sinktest.Config{})
			return sink.NewHTTP(sink.HTTPConfig{Endpoint: c.URL() + "/ai/spans/publish", DialContext: c.DialContext}).Sink()
		}, pipelinetest.Single(), pipelinetest.Rounds(8))},
	} {
		t.Run(c.name, c.test)
	}
}
