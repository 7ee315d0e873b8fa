package stages_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// show runs words through a stage and prints what comes out.
func show[B any](stage pipeline.Stage[string, B], words ...string) {
	p := pipeline.New(pipeline.Config{})
	flow := pipeline.Via(pipeline.From(p, source.Slice(words...)), stage)
	pipeline.To(flow, sink.Each(func(item B) { fmt.Print(item, " ") }))
	if err := p.Run(context.Background()); err != nil {
		fmt.Print(err)
	}
}

func ExampleFilter() {
	show(stages.Filter(func(word string) bool { return len(word) > 4 }), "plan", "search", "answer")
	// Output: search answer
}

// Retain saves the copy of a large item.
func ExampleRetain() {
	type call struct {
		name  string
		input [1000]byte
	}
	p := pipeline.New(pipeline.Config{})
	calls := pipeline.From(p, source.Slice(call{name: "plan"}, call{name: "search"}))
	kept := pipeline.Via(calls, stages.Retain(func(c *call) bool { return c.name != "plan" }))
	pipeline.To(kept, sink.Each(func(c call) { fmt.Println(c.name, len(c.input)) }))
	fmt.Println(p.Run(context.Background()))
	// Output:
	// search 1000
	// <nil>
}

func ExampleMap() {
	show(stages.Map(func(word string) int { return len(word) }), "plan", "search")
	// Output: 4 6
}

// An item for which the function returns an error has failed; the others go on.
func ExampleTryMap() {
	length := func(_ context.Context, word string) (int, error) {
		if word == "" {
			return 0, errors.New("no word")
		}
		return len(word), nil
	}
	show(stages.TryMap(length), "plan", "", "search")
	// Output: 4 6 pipeline: lost 1 of 3 items; try map: 1 failed: error (no word)
}

func ExampleApply() {
	show(stages.Apply(func(word *string) { *word = strings.ToUpper(*word) }), "plan", "search")
	// Output: PLAN SEARCH
}

func ExampleFlatMap() {
	show(stages.FlatMap(func(text string, emit func(string)) {
		for word := range strings.FieldsSeq(text) {
			emit(word)
		}
	}), "plan the search", "answer")
	// Output: plan the search answer
}

func ExampleTap() {
	seen := 0
	show(stages.Tap(func(string) { seen++ }), "plan", "search")
	fmt.Println(seen)
	// Output: plan search 2
}

// All spans of a trace are kept, or none.
func ExampleSample() {
	trace := func(name string) string { return name[:1] }
	show(stages.Sample(0.2, trace), "g/plan", "h/plan", "g/search", "h/search", "g/answer", "h/answer")
	// Output: h/plan h/search h/answer
}

// Each item is kept or not, whatever happens to the others.
func ExampleInSample() {
	for _, key := range []string{"trace 1", "trace 2", "trace 3"} {
		fmt.Println(key, stages.InSample(0, key), stages.InSample(0.5, key), stages.InSample(1, key))
	}
	// Output:
	// trace 1 false true true
	// trace 2 false true true
	// trace 3 false false true
}

func ExampleSampleRandom() {
	show(stages.SampleRandom[string](1), "plan", "search")
	// Output: plan search
}

func ExampleBatch() {
	show(stages.Batch[string](stages.BatchConfig{MaxItems: 2}), "plan", "search", "answer")
	// Output: [plan search] [answer]
}

// A batch is sent when it has a thousand items, or 1 MiB, or its first item is 5 s old. The end
// of the run does not wait for that.
func ExampleBatchConfig() {
	cfg := stages.BatchConfig{MaxItems: 1000, MaxBytes: 1 << 20, MaxWait: 5 * time.Second}
	p := pipeline.New(pipeline.Config{})
	spans := pipeline.From(p, source.Slice(&span.Span{Name: "plan"}, &span.Span{Name: "search"}))
	pipeline.To(pipeline.Via(spans, stages.Batch[*span.Span](cfg)), sink.Each(func(b pipeline.Batch[*span.Span]) {
		fmt.Println(len(b), "spans")
	}))
	fmt.Println(p.Run(context.Background()))
	// Output:
	// 2 spans
	// <nil>
}

// One span has no ids, so it cannot be encoded: it fails alone.
func ExampleEncode() {
	p := pipeline.New(pipeline.Config{})
	spans := pipeline.From(p, source.Slice(
		&span.Span{TraceID: "t1", ID: "s1", Name: "plan"},
		&span.Span{Name: "no ids"},
		&span.Span{TraceID: "t1", ID: "s2", Name: "search"}))
	batches := pipeline.Via(spans, stages.Batch[*span.Span](stages.BatchConfig{}))
	bodies := pipeline.Via(batches, stages.Encode(span.NDJSON, stages.EncodeConfig{MaxBytes: 3 << 20}))
	pipeline.To(bodies, sink.Each(func(b *pipeline.Body) {
		fmt.Println(b.Items(), "spans as", b.ContentType)
		b.Free()
	}))
	if err := p.Run(context.Background()); err != nil {
		fmt.Println(p.Stats().Losses[0].Reason)
	}
	// Output:
	// 2 spans as application/x-ndjson
	// encode
}

// A batch is cut where its body would have more than MaxBytes. An item that is too large for any
// body fails alone.
func ExampleEncodeConfig() {
	p := pipeline.New(pipeline.Config{})
	batches := pipeline.From(p, source.Slice(pipeline.Batch[string]{"plan", "search", "a very long answer", "end"}))
	bodies := pipeline.Via(batches, stages.Encode(stages.JSON[string]{}, stages.EncodeConfig{MaxBytes: 16}))
	pipeline.To(bodies, sink.Each(func(b *pipeline.Body) { fmt.Printf("%s\n", b.Data) }))
	fmt.Println(p.Run(context.Background()))
	// Output:
	// ["plan"]
	// ["search","end"]
	// pipeline: lost 1 of 4 items; encode: 1 failed: too_large (too large: an item makes a body of 22 bytes, EncodeConfig.MaxBytes is 16)
}

// A codec writes one item after the other.
func ExampleCodec() {
	var codec stages.Codec[string] = stages.JSON[string]{}
	buf := codec.AppendOpen(nil)
	for i, word := range []string{"plan", "search"} {
		var err error
		if buf, err = codec.AppendItem(buf, word, i == 0); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Printf("%s %s", codec.ContentType(), codec.AppendClose(buf))
	// Output: application/json ["plan","search"]
}

func ExampleJSON() {
	p := pipeline.New(pipeline.Config{})
	batches := pipeline.From(p, source.Slice(pipeline.Batch[any]{1, "two", map[string]int{"three": 3}}))
	bodies := pipeline.Via(batches, stages.Encode(stages.JSON[any]{Lines: true}, stages.EncodeConfig{}))
	pipeline.To(bodies, sink.Each(func(b *pipeline.Body) { fmt.Printf("%s", b.Data) }))
	fmt.Println(p.Run(context.Background()))
	// Output:
	// 1
	// "two"
	// {"three":3}
	// <nil>
}

// Two goroutines compress; the bodies stay in order.
func ExampleCompress() {
	text := []byte(strings.Repeat("search ", 1000))
	p := pipeline.New(pipeline.Config{})
	bodies := pipeline.From(p, source.Slice(&pipeline.Body{Data: text, Parts: []pipeline.Part{{To: len(text)}}}))
	packed := pipeline.Via(bodies, stages.Compress(stages.Zstd), pipeline.Workers(2), pipeline.Ordered())
	pipeline.To(packed, sink.Each(func(b *pipeline.Body) {
		fmt.Println(b.ContentEncoding, len(b.Plain), "bytes became fewer than 50:", len(b.Data) < 50)
		b.Free()
	}))
	fmt.Println(p.Run(context.Background()))
	// Output:
	// zstd 7000 bytes became fewer than 50: true
	// <nil>
}

// The receiver takes gzip, then says that it takes zstd too, then neither.
func ExampleCompressBy() {
	wishes := []stages.Compression{stages.Gzip, stages.Zstd, stages.None}
	choose := func() (c stages.Compression) {
		c, wishes = wishes[0], wishes[1:]
		return c
	}
	text := []byte(strings.Repeat("search ", 1000))
	p := pipeline.New(pipeline.Config{})
	bodies := pipeline.From(p, source.Slice(&pipeline.Body{Data: text}, &pipeline.Body{Data: text}, &pipeline.Body{Data: text}))
	pipeline.To(pipeline.Via(bodies, stages.CompressBy(choose)), sink.Each(func(b *pipeline.Body) {
		fmt.Printf("%q %t\n", b.ContentEncoding, len(b.Data) < 100)
		b.Free()
	}))
	fmt.Println(p.Run(context.Background()))
	// Output:
	// "gzip" true
	// "zstd" true
	// "" false
	// <nil>
}

// What is compressed right behind its encoding, on the same goroutine, needs its plain bytes no longer: one buffer
// of them serves each worker.
func ExampleCompressWith() {
	p := pipeline.New(pipeline.Config{})
	batches := pipeline.From(p, source.Slice(pipeline.Batch[string]{"search", "search"}, pipeline.Batch[string]{"search"}))
	bodies := pipeline.Via(batches, stages.Encode(stages.JSON[string]{}, stages.EncodeConfig{}), pipeline.Workers(2))
	packed := pipeline.Via(bodies, stages.CompressWith(stages.CompressConfig{
		Choose:    func() stages.Compression { return stages.Zstd },
		DropPlain: true,
	}), pipeline.Inline())
	items := 0
	pipeline.To(packed, sink.Each(func(b *pipeline.Body) {
		items += b.Items()
		if b.Plain != nil {
			fmt.Println("plain bytes are kept")
		}
		b.Free()
	}))
	fmt.Println(p.Run(context.Background()), items)
	// Output:
	// <nil> 3
}

func ExampleCompression() {
	for _, c := range []stages.Compression{stages.None, stages.Gzip, stages.Zstd.Level(9)} {
		fmt.Printf("%v: %q\n", c, c.Encoding())
	}
	// Output:
	// none: ""
	// gzip: "gzip"
	// zstd level 9: "zstd"
}

// What Compress did, Decompress undoes.
func ExampleDecompress() {
	p := pipeline.New(pipeline.Config{})
	bodies := pipeline.From(p, source.Slice(&pipeline.Body{Data: []byte("plan"), Parts: []pipeline.Part{{To: 4}}}))
	packed := pipeline.Via(bodies, stages.Compress(stages.S2))
	again := pipeline.Via(packed, stages.Decompress(stages.DecompressConfig{MaxBytes: 1 << 20}))
	pipeline.To(again, sink.Each(func(b *pipeline.Body) { fmt.Printf("%s %q\n", b.Data, b.ContentEncoding) }))
	fmt.Println(p.Run(context.Background()))
	// Output:
	// plan ""
	// <nil>
}

// A server decodes what it gets, up to a limit.
func ExampleDecompressor() {
	d, err := stages.NewDecompressor(stages.DecompressConfig{MaxBytes: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, body := range []struct{ data, encoding string }{
		{"plan", "identity"},
		{"plan, search and answer", ""},
		{"plan", "br"},
		{"plan", "gzip"},
	} {
		text, err := d.Append(nil, []byte(body.data), body.encoding)
		fmt.Printf("%s %v %v\n", text, errors.Is(err, stages.ErrTooLarge), errors.Is(err, stages.ErrEncoding))
	}
	// Output:
	// plan false false
	//  true false
	//  false true
	//  false false
}

// Traces with an error are kept whole, and so are long ones; of the others one in a hundred.
func ExampleTailSample() {
	tail := stages.TailSample(stages.TailConfig{Slow: 30 * time.Second, Share: 0.01})
	at := func(s int) time.Time { return time.Date(2026, 11, 22, 16, 0, s, 0, time.UTC) }
	p := pipeline.New(pipeline.Config{})
	spans := pipeline.From(p, source.Slice(
		&span.Span{TraceID: "a", ID: "2", ParentID: "1", Name: "search", Start: at(1), End: at(2)},
		&span.Span{TraceID: "b", ID: "2", ParentID: "1", Name: "search", Start: at(1), End: at(2)},
		&span.Span{TraceID: "c", ID: "1", Name: "agent", Start: at(0), End: at(3)},
		&span.Span{TraceID: "a", ID: "1", Name: "agent", Start: at(0), End: at(3), Error: &span.Error{Message: "no answer"}},
		&span.Span{TraceID: "b", ID: "1", Name: "agent", Start: at(0), End: at(40)},
	))
	pipeline.To(pipeline.Via(spans, tail.Stage()), sink.Each(func(s *span.Span) { fmt.Println(s.TraceID, s.Name) }))
	fmt.Println(p.Run(context.Background()))
	stats := tail.Stats()
	fmt.Println(stats.Decided(), "traces:", stats.Errors, "error,", stats.Slow, "slow,", stats.Rest, "filtered,", stats.Early(), "early")
	fmt.Println(p.Ledger().Delivered, "spans delivered,", p.Ledger().Filtered, "filtered")
	// Output:
	// a search
	// a agent
	// b search
	// b agent
	// <nil>
	// 3 traces: 1 error, 1 slow, 1 filtered, 1 early
	// 4 spans delivered, 1 filtered
}

// Two cores sample, each the traces that are its own.
func ExampleTailSampler_Stage() {
	tail := stages.TailSample(stages.TailConfig{Keep: func(trace []*span.Span) bool { return len(trace) > 1 }})
	seed := maphash.MakeSeed()
	p := pipeline.New(pipeline.Config{})
	spans := pipeline.From(p, source.Slice(
		&span.Span{TraceID: "a", ID: "1"}, &span.Span{TraceID: "b", ID: "1"}, &span.Span{TraceID: "b", ID: "2", ParentID: "1"},
	))
	lanes := pipeline.Partition(spans, 2, func(s *span.Span) int { return int(maphash.String(seed, string(s.TraceID)) >> 1) })
	for i, lane := range lanes {
		lanes[i] = pipeline.Via(lane, tail.Stage())
	}
	pipeline.To(pipeline.Merge(lanes...), sink.Each(func(s *span.Span) { fmt.Println(s.TraceID, s.ID) }))
	fmt.Println(p.Run(context.Background()), tail.Stats().Keep)
	// Output:
	// b 1
	// b 2
	// <nil> 1
}

// The counts are JSON for expvar.Func and the like.
func ExampleTailStats() {
	counts, err := json.Marshal(stages.TailStats{Errors: 1, Rest: 3, EarlyMarks: 2})
	fmt.Println(string(counts[:44]), err)
	// Output: {"open_traces":0,"open_spans":0,"open_bytes" <nil>
}
