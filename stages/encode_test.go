package stages_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// word is an item of the tests. Some words are trouble.
type word string

func (w word) Size() int {
	if w == "sizeless" {
		panic("it has no size")
	}
	return 10 * len(w)
}

// wordCodec writes <a; b; c> and has a fault for every occasion.
type wordCodec struct{}

var errWord = errors.New("bad word")

func (wordCodec) ContentType() string           { return "text/words" }
func (wordCodec) AppendOpen(buf []byte) []byte  { return append(buf, '<') }
func (wordCodec) AppendClose(buf []byte) []byte { return append(buf, '>') }
func (wordCodec) AppendItem(buf []byte, w word, first bool) ([]byte, error) {
	if !first {
		buf = append(buf, "; "...)
	}
	switch w {
	case "error":
		return append(buf, "half of it"...), errWord
	case "nil":
		return nil, errWord
	case "short":
		return buf[:0], nil
	case "panic":
		_ = append(buf, "half of it"...)
		panic(errWord)
	case "goexit":
		runtime.Goexit()
	}
	return append(buf, w...), nil
}

func words(text string) pipeline.Batch[word] {
	var batch pipeline.Batch[word]
	for _, w := range strings.Fields(text) {
		batch = append(batch, word(w))
	}
	return batch
}

// plain returns the text of bodies, and checks what they say about it.
func plain(t *testing.T, bodies []*pipeline.Body) []string {
	t.Helper()
	var texts []string
	for _, b := range bodies {
		texts = append(texts, string(b.Plain))
		charged := 0
		for i, part := range b.Parts {
			charged += 10 * (part.To - part.From)
			between := "; "
			from := 0
			if i == 0 {
				between = "<"
			} else {
				from = b.Parts[i-1].To
			}
			if got := string(b.Plain[from:part.From]); got != between {
				t.Errorf("%q: before part %d is %q, want %q", b.Plain, i, got, between)
			}
		}
		if last := b.Parts[len(b.Parts)-1].To; string(b.Plain[last:]) != ">" {
			t.Errorf("%q: behind the parts is %q", b.Plain, b.Plain[last:])
		}
		if !bytes.Equal(b.Data, b.Plain) || b.ContentType != "text/words" || b.ContentEncoding != "" {
			t.Errorf("%q: data %q, type %q, encoding %q", b.Plain, b.Data, b.ContentType, b.ContentEncoding)
		}
		if b.Charged != charged {
			t.Errorf("%q: charged %d, want %d", b.Plain, b.Charged, charged)
		}
	}
	return texts
}

func TestEncode(t *testing.T) {
	for _, test := range []struct {
		name  string
		cfg   stages.EncodeConfig
		batch string
		want  string // bodies
		lost  string // item=reason
	}{
		{"nothing", stages.EncodeConfig{}, "", "", ""},
		{"one item", stages.EncodeConfig{}, "a", "<a>", ""},
		{"several items", stages.EncodeConfig{}, "a bc def", "<a; bc; def>", ""},
		{"an item that cannot be encoded", stages.EncodeConfig{}, "a error b", "<a; b>", "error=encode"},
		{"the first cannot be encoded", stages.EncodeConfig{}, "error a b", "<a; b>", "error=encode"},
		{"the codec returns nil with its error", stages.EncodeConfig{}, "a nil b", "<a; b>", "nil=encode"},
		{"the codec takes away what it was given", stages.EncodeConfig{}, "a b short c", "<a; b; c>", "short=encode"},
		{"the codec panics", stages.EncodeConfig{}, "a panic b", "<a; b>", "panic=stage_panic"},
		{"the codec panics at once and again", stages.EncodeConfig{}, "panic panic b", "<b>", "panic=stage_panic panic=stage_panic"},
		{"the size panics", stages.EncodeConfig{}, "a sizeless b", "<a; b>", "sizeless=stage_panic"},
		{"nothing is left", stages.EncodeConfig{}, "panic error nil", "", "panic=stage_panic error=encode nil=encode"},
		{"an item over MaxItemBytes", stages.EncodeConfig{MaxItemBytes: 2}, "a bc def g", "<a; bc; g>", "def=too_large"},
		{"bodies of exactly MaxBytes", stages.EncodeConfig{MaxBytes: 6}, "a b c d", "<a; b> <c; d>", ""},
		{"one byte less", stages.EncodeConfig{MaxBytes: 5}, "a b c d", "<a> <b> <c> <d>", ""},
		{"an item that fits MaxBytes alone", stages.EncodeConfig{MaxBytes: 6}, "a bcde f", "<a> <bcde> <f>", ""},
		{"an item over MaxBytes", stages.EncodeConfig{MaxBytes: 6}, "a bcdef g", "<a; g>", "bcdef=too_large"},
		{"both limits", stages.EncodeConfig{MaxBytes: 6, MaxItemBytes: 3}, "a bcde fgh i", "<a> <fgh> <i>", "bcde=too_large"},
		{"a fault at a cut", stages.EncodeConfig{MaxBytes: 6}, "a b panic c error d e", "<a; b> <c; d> <e>", "panic=stage_panic error=encode"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stage := stages.Encode(wordCodec{}, test.cfg)
			// The stage is used before and after, so that nothing of the batch may stay behind.
			o := through(t, stage, []pipeline.Batch[word]{words("x y"), words(test.batch), words("z")})
			got := plain(t, o.got)
			want := slices.Concat([]string{"<x; y>"}, bodies(test.want), []string{"<z>"})
			if test.cfg.MaxBytes == 5 {
				want = slices.Concat([]string{"<x>", "<y>"}, want[1:])
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q with %+v made %q, want %q", test.batch, test.cfg, got, want)
			}
			var lost []string
			for _, l := range o.losses {
				lost = append(lost, fmt.Sprintf("%v=%s", l.item, l.reason))
			}
			if strings.Join(lost, " ") != test.lost {
				t.Errorf("%q with %+v lost %q, want %q", test.batch, test.cfg, lost, test.lost)
			}
		})
	}
}

func bodies(text string) []string {
	var all []string
	for rest := text; rest != ""; {
		body, more, _ := strings.Cut(rest, "> ")
		all = append(all, strings.TrimSuffix(body, ">")+">")
		rest = more
	}
	return all
}

func TestEncodeErrors(t *testing.T) {
	o := through(t, stages.Encode(wordCodec{}, stages.EncodeConfig{MaxItemBytes: 7}), []pipeline.Batch[word]{words("error panic toolarge")})
	var texts []string
	for _, l := range o.stats.Losses {
		texts = append(texts, l.Reason+": "+l.Err.Error())
		switch l.Reason {
		case pipeline.ReasonTooLarge:
			if !errors.Is(l.Err, stages.ErrTooLarge) {
				t.Errorf("%v does not match ErrTooLarge", l.Err)
			}
		default:
			if !errors.Is(l.Err, errWord) {
				t.Errorf("%v does not match the codec's own error", l.Err)
			}
		}
	}
	slices.Sort(texts)
	text := strings.Join(texts, "\n")
	for _, want := range []string{"encode: bad word", "stage_panic: pipeline: stage \"encode\" panicked: bad word", "too_large: too large: an item has 8 bytes encoded, EncodeConfig.MaxItemBytes is 7"} {
		if !strings.Contains(text, want) {
			t.Errorf("losses %s\nwant %q", text, want)
		}
	}
}

// reasonCodec says itself why it refuses an item.
type reasonCodec struct{ wordCodec }

func (reasonCodec) AppendItem(buf []byte, _ word, _ bool) ([]byte, error) {
	return buf, pipeline.WithReason("no_op", errWord)
}

func TestEncodeKeepsTheReasonOfTheCodec(t *testing.T) {
	o := through(t, stages.Encode(reasonCodec{}, stages.EncodeConfig{}), []pipeline.Batch[word]{words("a b")})
	if l := o.stats.Losses; len(l) != 1 || l[0].Reason != "no_op" || l[0].Items != 2 {
		t.Errorf("losses %v", l)
	}
}

func TestEncodeSurvivesGoexit(t *testing.T) {
	o := through(t, stages.Encode(wordCodec{}, stages.EncodeConfig{}), []pipeline.Batch[word]{words("a b"), words("c goexit d"), words("e")}, pipeline.Async())
	if got := plain(t, o.got); fmt.Sprint(got) != "[<a; b> <e>]" || o.ledger.Failed != 3 {
		t.Errorf("made %v, ledger %+v, want the batch that called Goexit to fail", got, o.ledger)
	}
}

func TestEncodePanicBelow(t *testing.T) {
	p := pipeline.New(pipeline.Config{})
	flow := pipeline.Via(pipeline.From(p, source.Slice(words("a b c d"), words("e f g h"))), stages.Encode(wordCodec{}, stages.EncodeConfig{MaxBytes: 6}))
	flow = pipeline.Via(flow, stages.Tap(func(b *pipeline.Body) {
		if string(b.Data) == "<a; b>" {
			panic("the first body")
		}
	}))
	var got []*pipeline.Body
	pipeline.To(flow, sink.Each(func(b *pipeline.Body) { got = append(got, b) }))
	if err := p.Run(t.Context()); err == nil {
		t.Error("Run returned nil")
	}
	if texts := plain(t, got); fmt.Sprint(texts) != "[<e; f> <g; h>]" {
		t.Errorf("made %v", texts)
	}
	pipelinetest.CheckLedger(t, p)
}

func TestEncodeSettings(t *testing.T) {
	for _, test := range []struct {
		stage func(p *pipeline.Pipeline)
		want  string
	}{
		{encodeOf[word](wordCodec{}, stages.EncodeConfig{MaxBytes: -1}), "EncodeConfig.MaxBytes is negative: -1"},
		{encodeOf[word](wordCodec{}, stages.EncodeConfig{MaxItemBytes: -1}), "EncodeConfig.MaxItemBytes is negative: -1"},
		{encodeOf[word](wordCodec{}, stages.EncodeConfig{MaxBytes: 5, MaxItemBytes: 6}), "EncodeConfig.MaxItemBytes of 6 is more than EncodeConfig.MaxBytes of 5"},
		{encodeOf[word](nil, stages.EncodeConfig{}), "the codec is nil"},
		{encodeOf[pipeline.Batch[int]](stages.JSON[pipeline.Batch[int]]{}, stages.EncodeConfig{}), "pipeline.Batch[int] stands for several items"},
	} {
		p := pipeline.New(pipeline.Config{})
		test.stage(p)
		if err := p.Run(t.Context()); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Run returned %v, want an ErrConfig with %q", err, test.want)
		}
	}
}

func encodeOf[T any](codec stages.Codec[T], cfg stages.EncodeConfig) func(*pipeline.Pipeline) {
	return func(p *pipeline.Pipeline) {
		flow := pipeline.Via(pipeline.From(p, source.Slice[pipeline.Batch[T]]()), stages.Encode(codec, cfg))
		pipeline.To(flow, sink.Discard[*pipeline.Body]())
	}
}

func TestEncodeGivesChargesBack(t *testing.T) {
	p := pipeline.New(pipeline.Config{MaxBytes: 1000})
	flow := pipeline.Via(pipeline.From(p, source.Slice(words("a error bc"), words("panic"), words("d efgh i"))), stages.Encode(wordCodec{}, stages.EncodeConfig{MaxBytes: 6}))
	pipeline.To(flow, sink.Discard[*pipeline.Body](), pipeline.Async())
	if err := p.Run(t.Context()); err == nil {
		t.Error("Run returned nil although items were lost")
	}
	if left := p.Stats().Bytes; left != 0 {
		t.Errorf("%d bytes are still charged", left)
	}
	pipelinetest.CheckLedger(t, p)
}

func TestEncodeUsesBuffersAgain(t *testing.T) {
	p := pipeline.New(pipeline.Config{})
	flow := pipeline.Via(pipeline.From(p, source.Slice(words("abc def"), words("ghi jkl"))), stages.Encode(wordCodec{}, stages.EncodeConfig{}))
	var first *byte
	pipeline.To(flow, sink.Each(func(b *pipeline.Body) {
		if first == nil {
			first = &b.Data[0]
		} else if first != &b.Data[0] {
			t.Error("the second body has a buffer of its own, though the first was freed")
		}
		b.Free()
		b.Free() // no harm
	}))
	if err := p.Run(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestEncodeMakesNoBuffersForAWave holds that buffers of more bodies than are kept for good are used
// again too, as long as no garbage is collected.
func TestEncodeMakesNoBuffersForAWave(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	const waves, wave = 10, 16
	p := pipeline.New(pipeline.Config{})
	batches := slices.Repeat([]pipeline.Batch[word]{words("abc def")}, waves*wave)
	flow := pipeline.Via(pipeline.From(p, source.Slice(batches...)), stages.Encode(wordCodec{}, stages.EncodeConfig{}))
	buffers := map[*byte]bool{}
	var held []*pipeline.Body
	pipeline.To(flow, sink.Each(func(b *pipeline.Body) {
		buffers[&b.Data[0]] = true
		if held = append(held, b); len(held) == wave {
			for _, b := range held {
				b.Free()
			}
			held = nil
		}
	}))
	if err := p.Run(t.Context()); err != nil {
		t.Error(err)
	}
	if n := len(buffers); n > waves*wave/2 { // the race detector has sync.Pool lose a quarter
		t.Errorf("%d bodies, of which %d were out at once, had %d buffers", waves*wave, wave, n)
	}
}

// TestEncodeMakesRoomOnce holds that a body is written into a buffer of its size: one that grows by append
// leaves several times as much to the collector.
func TestEncodeMakesRoomOnce(t *testing.T) {
	const each, size = 1000, 2000
	item := word(strings.Repeat("x", size)) // which says that it takes ten times as much
	items := slices.Repeat(pipeline.Batch[word]{item}, each)
	for _, limit := range []int{0, 3 << 20} {
		p := pipeline.New(pipeline.Config{})
		flow := pipeline.Via(pipeline.From(p, source.Slice(items)), stages.Encode(wordCodec{}, stages.EncodeConfig{MaxBytes: limit}))
		pipeline.To(flow, sink.Discard[*pipeline.Body]())
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := p.Run(t.Context())
		runtime.ReadMemStats(&after)
		made, most := after.TotalAlloc-before.TotalAlloc, uint64(8<<20+512<<10)
		if limit > 0 {
			most = uint64(limit + 512<<10)
		}
		if err != nil || made > most {
			t.Errorf("MaxBytes %d: %d bytes were allocated for %d, at most %d expected; %v", limit, made, each*size, most, err)
		}
	}
}

func TestEncodeSpans(t *testing.T) {
	one := &span.Span{TraceID: "t1", ID: "s1", Name: "one"}
	none := &span.Span{Name: "no ids"}
	two := &span.Span{TraceID: "t1", ID: "s2", Name: "two"}
	o := through(t, stages.Encode(span.V1, stages.EncodeConfig{}), []pipeline.Batch[*span.Span]{{one, none, nil, two}})
	if len(o.got) != 1 || o.ledger.Failed != 2 || o.ledger.Delivered != 2 {
		t.Fatalf("made %d bodies, ledger %+v", len(o.got), o.ledger)
	}
	spans, bad, err := span.DecodeBody(o.got[0].Plain)
	if err != nil || len(bad) > 0 || len(spans) != 2 || spans[0].Name != "one" || spans[1].Name != "two" {
		t.Errorf("decoded %v, bad %v, error %v", spans, bad, err)
	}
	for i, part := range o.got[0].Parts {
		s, err := span.DecodeRecord(o.got[0].Plain[part.From:part.To])
		if err != nil || s.ID != spans[i].ID {
			t.Errorf("part %d is %q: %v", i, o.got[0].Plain[part.From:part.To], err)
		}
	}
}

func TestJSONCodec(t *testing.T) {
	for _, test := range []struct {
		codec stages.JSON[any]
		want  string
		kind  string
	}{
		{stages.JSON[any]{}, `[1,"two",null]`, "application/json"},
		{stages.JSON[any]{Lines: true}, "1\n\"two\"\nnull\n", "application/x-ndjson"},
	} {
		o := through(t, stages.Encode(test.codec, stages.EncodeConfig{}), []pipeline.Batch[any]{{1, func() {}, "two", nil}})
		if len(o.got) != 1 || string(o.got[0].Data) != test.want || o.got[0].ContentType != test.kind || o.ledger.Failed != 1 {
			t.Errorf("%+v made %+v, ledger %+v", test.codec, o.got, o.ledger)
		}
	}
}

// Whatever the items and limits: nothing is lost but what is too large, the order stays, every
// body is whole and within its limit, and its parts are its items.
func FuzzEncode(f *testing.F) {
	f.Add("a bb ccc dddd", 12, 3)
	f.Add("1 22 333 4444", 0, 0)
	f.Fuzz(func(t *testing.T, text string, maxBytes, maxItem int) {
		cfg := stages.EncodeConfig{MaxBytes: max(maxBytes, 0), MaxItemBytes: max(maxItem, 0)}
		if cfg.MaxBytes > 0 {
			cfg.MaxItemBytes = min(cfg.MaxItemBytes, cfg.MaxBytes)
		}
		var batch pipeline.Batch[string]
		var want []string
		for _, s := range strings.Split(text, " ") {
			batch = append(batch, s)
			encoded, _ := json.Marshal(s)
			n := len(encoded)
			if cfg.MaxItemBytes > 0 && n > cfg.MaxItemBytes || cfg.MaxBytes > 0 && n+2 > cfg.MaxBytes {
				continue
			}
			want = append(want, string(encoded))
		}
		o := through(t, stages.Encode(stages.JSON[string]{}, cfg), []pipeline.Batch[string]{batch})
		var got []string
		for _, body := range o.got {
			var items []string
			if err := json.Unmarshal(body.Plain, &items); err != nil || len(items) != len(body.Parts) {
				t.Errorf("body %q has %d parts: %v", body.Plain, len(body.Parts), err)
			}
			if cfg.MaxBytes > 0 && len(body.Plain) > cfg.MaxBytes {
				t.Errorf("body %q is longer than %d", body.Plain, cfg.MaxBytes)
			}
			for _, part := range body.Parts {
				got = append(got, string(body.Plain[part.From:part.To]))
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q with %+v made %q, want %q", batch, cfg, got, want)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprintf("items=%d", n), func(b *testing.B) {
			s := &span.Span{TraceID: "trace", ID: "span", Name: "a model call", Type: span.TypeModelGeneration, Input: span.Text(strings.Repeat("prompt ", 100))}
			s.Freeze()
			batch := slices.Repeat(pipeline.Batch[*span.Span]{s}, n)
			p := pipeline.New(pipeline.Config{})
			flow := pipeline.From(p, source.Seq(func(yield func(pipeline.Batch[*span.Span]) bool) {
				for b.Loop() {
					if !yield(batch) {
						return
					}
				}
			}))
			pipeline.To(pipeline.Via(flow, stages.Encode(span.V1, stages.EncodeConfig{MaxBytes: 3 << 20})), sink.Each(func(body *pipeline.Body) {
				b.SetBytes(int64(len(body.Plain)))
				body.Free()
			}))
			b.ReportAllocs()
			if err := p.Run(b.Context()); err != nil {
				b.Error(err)
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "spans/s")
		})
	}
}
