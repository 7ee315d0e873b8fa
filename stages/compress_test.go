package stages_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

var compressions = []stages.Compression{
	stages.None, stages.Gzip, stages.Zstd, stages.S2,
	stages.Gzip.Level(1), stages.Gzip.Level(9), stages.Zstd.Level(1), stages.Zstd.Level(22), stages.S2.Level(2), stages.S2.Level(3),
}

// bodyOf returns a body of one item.
func bodyOf(data []byte) *pipeline.Body {
	return &pipeline.Body{Data: data, Plain: data, ContentType: "text/plain", Parts: []pipeline.Part{{To: len(data)}}}
}

// samples are data of every kind and size.
func samples() map[string][]byte {
	random := make([]byte, 150_000)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(random)
	return map[string][]byte{
		"nothing":      {},
		"one byte":     []byte("x"),
		"text":         []byte(strings.Repeat(`{"traceId":"0af7651916cd43dd8448eb211c80319c","name":"plan"}`, 1000)),
		"random":       random,
		"over windows": bytes.Repeat(random, 10),
	}
}

func TestCompressRoundTrip(t *testing.T) {
	for _, c := range compressions {
		for name, data := range samples() {
			t.Run(fmt.Sprintf("%v of %s", c, name), func(t *testing.T) {
				// Twice, so that the encoder and its buffers are used again.
				o := through(t, stages.Compress(c), []*pipeline.Body{bodyOf(data), bodyOf(data)})
				if o.err != nil || len(o.got) != 2 {
					t.Fatalf("made %d bodies, error %v", len(o.got), o.err)
				}
				for _, body := range o.got {
					if body.ContentEncoding != c.Encoding() || !bytes.Equal(body.Plain, data) {
						t.Errorf("encoding %q, plain of %d bytes", body.ContentEncoding, len(body.Plain))
					}
					if name == "text" && c != stages.None && len(body.Data) > len(data)/10 {
						t.Errorf("%d bytes became %d", len(data), len(body.Data))
					}
					body.Plain = nil
				}
				back := through(t, stages.Decompress(stages.DecompressConfig{MaxBytes: max(len(data), 1)}), o.got)
				if back.err != nil || len(back.got) != 2 {
					t.Fatalf("decompressed %d bodies, error %v", len(back.got), back.err)
				}
				for _, body := range back.got {
					if !bytes.Equal(body.Data, data) || c != stages.None && !bytes.Equal(body.Plain, data) || body.ContentEncoding != "" {
						t.Errorf("got %d bytes with encoding %q, want %d", len(body.Data), body.ContentEncoding, len(data))
					}
				}
			})
		}
	}
}

func TestCompressIsReadByOthers(t *testing.T) {
	text := bytes.Repeat([]byte("prompt "), 1000)
	o := through(t, stages.Compress(stages.Gzip), []*pipeline.Body{bodyOf(text)})
	r, err := gzip.NewReader(bytes.NewReader(o.got[0].Data)) // the standard library's
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, text) {
		t.Errorf("compress/gzip reads %d bytes, error %v", len(got), err)
	}
}

func TestCompressInParallelAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a goroutine left behind would fail the bubble
		const n = 200
		p := pipeline.New(pipeline.Config{})
		flow := pipeline.Via(pipeline.From(p, source.Slice(upTo(n)...)), stages.Map(func(i int) *pipeline.Body {
			return bodyOf(bytes.Repeat(fmt.Appendf(nil, "span %d;", i), 1+i*7%50))
		}))
		for _, c := range []stages.Compression{stages.Zstd, stages.Gzip, stages.S2} {
			flow = pipeline.Via(flow, stages.Compress(c), pipeline.Workers(3), pipeline.Ordered())
			flow = pipeline.Via(flow, stages.Decompress(stages.DecompressConfig{}), pipeline.Workers(2), pipeline.Ordered())
		}
		next := 0
		pipeline.To(flow, sink.Each(func(body *pipeline.Body) {
			if !strings.HasPrefix(string(body.Data), fmt.Sprintf("span %d;", next)) {
				t.Errorf("body %d is %.20q", next, body.Data)
			}
			next++
			body.Free()
		}))
		if err := p.Run(t.Context()); err != nil || next != n {
			t.Errorf("%d of %d bodies came, error %v", next, n, err)
		}
		pipelinetest.CheckLedger(t, p)
	})
}

func TestCompressLeavesCompressedBodiesAlone(t *testing.T) {
	body := bodyOf([]byte("opaque"))
	body.ContentEncoding = "br"
	o := through(t, stages.Compress(stages.Zstd), []*pipeline.Body{body})
	if string(o.got[0].Data) != "opaque" || o.got[0].ContentEncoding != "br" {
		t.Errorf("made %+v", o.got[0])
	}
}

func TestCompressFreesWhatCameBefore(t *testing.T) {
	freed := 0
	first := bodyOf([]byte("text"))
	first.OnFree(func(b *pipeline.Body) {
		if freed++; string(b.Data) != "text" {
			t.Errorf("freed %q, want the body as it was", b.Data)
		}
	})
	p := pipeline.New(pipeline.Config{})
	flow := pipeline.Via(pipeline.From(p, source.Slice(first, bodyOf([]byte("text")))), stages.Compress(stages.Gzip))
	var buffer *byte
	pipeline.To(flow, sink.Each(func(body *pipeline.Body) {
		if buffer == nil {
			buffer = &body.Data[0]
		} else if buffer != &body.Data[0] {
			t.Error("the second body has a buffer of its own, though the first was freed")
		}
		body.Free()
		body.Free()
	}))
	if err := p.Run(t.Context()); err != nil || freed != 1 {
		t.Errorf("freed %d times, error %v", freed, err)
	}
}

func TestCompressSettings(t *testing.T) {
	for _, test := range []struct {
		c    stages.Compression
		want string
	}{
		{stages.Gzip.Level(10), "gzip has no level 10: they go from 1 to 9"},
		{stages.Gzip.Level(-1), "gzip has no level -1"},
		{stages.Zstd.Level(23), "zstd has no level 23: they go from 1 to 22"},
		{stages.S2.Level(4), "s2 has no level 4"},
		{stages.None.Level(1), "none has no levels"},
		{stages.Compression(77), "there is no Compression(77)"},
	} {
		wrong(t, stages.Compress(test.c), test.want)
	}
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.Via(pipeline.From(p, source.Slice[*pipeline.Body]()), stages.CompressBy(nil)), sink.Discard[*pipeline.Body]())
	if err := p.Run(t.Context()); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), "CompressConfig.Choose is nil") {
		t.Errorf("CompressBy(nil): Run returned %v", err)
	}
	if got := stages.Gzip.Level(6).Level(0); got != stages.Gzip {
		t.Errorf("Level(0) is %v, want the default", got)
	}
}

func TestCompressByChoosesForEachBody(t *testing.T) {
	text := []byte(strings.Repeat("prompt ", 100))
	choices := []stages.Compression{
		stages.Gzip, stages.None, stages.Zstd, stages.Gzip.Level(9), stages.Zstd.Level(1), stages.Zstd, stages.Gzip, stages.None,
	}
	next := 0
	bodies := make([]*pipeline.Body, len(choices))
	for i := range bodies {
		bodies[i] = bodyOf(text)
	}
	o := through(t, stages.CompressBy(func() stages.Compression {
		next++
		return choices[next-1]
	}), bodies)
	if o.err != nil || len(o.got) != len(choices) || next != len(choices) {
		t.Fatalf("made %d bodies, asked %d times, error %v", len(o.got), next, o.err)
	}
	d, err := stages.NewDecompressor(stages.DecompressConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for i, body := range o.got {
		got, err := d.Append(nil, body.Data, body.ContentEncoding)
		if err != nil || !bytes.Equal(got, text) || body.ContentEncoding != choices[i].Encoding() {
			t.Errorf("body %d, %v: %d bytes with encoding %q, error %v", i, choices[i], len(got), body.ContentEncoding, err)
		}
	}
}

func TestCompressByFailsABodyWithoutItsEncoder(t *testing.T) {
	choices := []stages.Compression{stages.Gzip, stages.Gzip.Level(77), stages.Compression(50), stages.S2}
	next := 0
	o := through(t, stages.CompressBy(func() stages.Compression {
		if next++; next == 4 {
			panic("no choice")
		}
		return choices[next-1]
	}), []*pipeline.Body{bodyOf(nil), bodyOf(nil), bodyOf(nil), bodyOf(nil)})
	var reasons []string
	for _, l := range o.losses {
		reasons = append(reasons, l.reason)
	}
	if len(o.got) != 1 || !slices.Equal(reasons, []string{pipeline.ReasonEncode, pipeline.ReasonEncode, pipeline.ReasonStagePanic}) {
		t.Errorf("made %d bodies, lost others for %q", len(o.got), reasons)
	}
}

// The receiver's wish changes while several goroutines compress.
func TestCompressByInParallel(t *testing.T) {
	const n = 300
	var asked atomic.Int64
	p := pipeline.New(pipeline.Config{})
	flow := pipeline.Via(pipeline.From(p, source.Slice(upTo(n)...)), stages.Map(func(i int) *pipeline.Body {
		return bodyOf(fmt.Appendf(nil, "span %d;", i))
	}))
	flow = pipeline.Via(flow, stages.CompressBy(func() stages.Compression {
		return stages.Compression(asked.Add(1) % 4)
	}), pipeline.Workers(3), pipeline.Ordered())
	flow = pipeline.Via(flow, stages.Decompress(stages.DecompressConfig{}))
	next := 0
	pipeline.To(flow, sink.Each(func(body *pipeline.Body) {
		if got, want := string(body.Data), fmt.Sprintf("span %d;", next); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		next++
		body.Free()
	}))
	if err := p.Run(t.Context()); err != nil || next != n || asked.Load() != n {
		t.Errorf("%d of %d bodies came, asked %d times, error %v", next, n, asked.Load(), err)
	}
	pipelinetest.CheckLedger(t, p)
}

func TestCompressionAppends(t *testing.T) {
	d, err := stages.NewDecompressor(stages.DecompressConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range compressions {
		packed, err := c.Append([]byte("before"), []byte("a text"))
		rest, ok := bytes.CutPrefix(packed, []byte("before"))
		if err != nil || !ok {
			t.Errorf("%v: %q, %v", c, packed, err)
			continue
		}
		if got, err := d.Append(nil, rest, c.Encoding()); err != nil || string(got) != "a text" {
			t.Errorf("%v: came back as %q, %v", c, got, err)
		}
	}
	if got, err := stages.Gzip.Level(10).Append([]byte("before"), []byte("a text")); err == nil || string(got) != "before" {
		t.Errorf("a level that there is not: %q, %v", got, err)
	}
}

func TestCompressBelowAFork(t *testing.T) {
	p := pipeline.New(pipeline.Config{})
	for _, flow := range pipeline.Fork(pipeline.From(p, source.Slice[*pipeline.Body]()), 2) {
		pipeline.To(pipeline.Via(flow, stages.Compress(stages.Gzip)), sink.Discard[*pipeline.Body]())
	}
	if err := p.Run(t.Context()); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), "Clone") {
		t.Errorf("Run returned %v, want an ErrConfig about Clone", err)
	}
}

func TestDecompressLimit(t *testing.T) {
	bomb := make([]byte, 10<<20)
	for _, c := range []stages.Compression{stages.None, stages.Gzip, stages.Zstd, stages.S2} {
		packed := through(t, stages.Compress(c), []*pipeline.Body{bodyOf(bomb)}).got[0]
		if c != stages.None {
			packed.Plain = nil
			o := through(t, stages.Decompress(stages.DecompressConfig{MaxBytes: 1000}), []*pipeline.Body{packed})
			if len(o.got) != 0 || len(o.losses) != 1 || o.losses[0].reason != pipeline.ReasonTooLarge {
				t.Errorf("%v: made %d bodies, lost %v", c, len(o.got), o.losses)
			}
		}
		d, err := stages.NewDecompressor(stages.DecompressConfig{MaxBytes: len(bomb) - 1})
		if err != nil {
			t.Fatal(err)
		}
		out, err := d.Append([]byte("before"), packed.Data, packed.ContentEncoding)
		if !errors.Is(err, stages.ErrTooLarge) || !strings.Contains(err.Error(), "DecompressConfig.MaxBytes of 10485759") || string(out) != "before" {
			t.Errorf("%v: returned %d bytes, error %v", c, len(out), err)
		}
		if out, err = d.Append(nil, packed.Data[:0], "identity"); err != nil || len(out) != 0 { // still fit for use
			t.Errorf("%v: afterwards it returned %q, %v", c, out, err)
		}
		if d, err = stages.NewDecompressor(stages.DecompressConfig{MaxBytes: math.MaxInt}); err != nil {
			t.Fatal(err)
		}
		if out, err = d.Append(nil, packed.Data, packed.ContentEncoding); err != nil || len(out) != len(bomb) {
			t.Errorf("%v: without a limit worth the name it returned %d bytes, error %v", c, len(out), err)
		}
	}
}

func TestDecompressorErrors(t *testing.T) {
	if _, err := stages.NewDecompressor(stages.DecompressConfig{MaxBytes: -1}); !errors.Is(err, pipeline.ErrConfig) {
		t.Errorf("a negative limit gives %v", err)
	}
	d, err := stages.NewDecompressor(stages.DecompressConfig{})
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Repeat("some text ", 100))
	for _, test := range []struct {
		name, encoding string
		data           []byte
		want           error
	}{
		{"another encoding", "br", text, stages.ErrEncoding},
		{"two encodings", "gzip, zstd", text, stages.ErrEncoding},
		{"no gzip", "gzip", text, nil},
		{"no zstd", "zstd", text, nil},
		{"no s2", "s2", text, nil},
		{"no bytes of gzip", "gzip", nil, io.ErrUnexpectedEOF},
		{"no bytes of zstd", "zstd", nil, io.ErrUnexpectedEOF},
		{"half of gzip", "gzip", half(t, stages.Gzip, text), io.ErrUnexpectedEOF},
		{"half of zstd", "zstd", half(t, stages.Zstd, text), io.ErrUnexpectedEOF},
		{"half of s2", "S2", half(t, stages.S2, text), nil},
		{"the first bytes of gzip", "x-gzip", half(t, stages.Gzip, text)[:1], io.ErrUnexpectedEOF},
		{"the first bytes of zstd", " ZSTD", half(t, stages.Zstd, text)[:1], io.ErrUnexpectedEOF},
	} {
		out, err := d.Append([]byte("before"), test.data, test.encoding)
		if err == nil || test.want != nil && !errors.Is(err, test.want) || string(out) != "before" {
			t.Errorf("%s: returned %q, error %v, want %v", test.name, out, err, test.want)
		}
	}
}

func half(t *testing.T, c stages.Compression, data []byte) []byte {
	packed := through(t, stages.Compress(c), []*pipeline.Body{bodyOf(data)}).got[0].Data
	return packed[:len(packed)/2]
}

func FuzzCompressRoundTrip(f *testing.F) {
	f.Add([]byte("text"), uint8(1))
	f.Add([]byte{}, uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		c := compressions[int(which)%len(compressions)]
		o := through(t, stages.Compress(c), []*pipeline.Body{bodyOf(data)})
		d, err := stages.NewDecompressor(stages.DecompressConfig{MaxBytes: len(data) + 1})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := d.Append(nil, o.got[0].Data, o.got[0].ContentEncoding); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%v: %q came back as %q, error %v", c, data, got, err)
		}
	})
}

// What is no compressed body gives an error or bytes within the limit, never a panic, and leaves
// the Decompressor fit for the next one.
func FuzzDecompress(f *testing.F) {
	const limit = 10_000
	good := map[string][]byte{}
	for _, c := range []stages.Compression{stages.Gzip, stages.Zstd, stages.S2} {
		o := through(f, stages.Compress(c), []*pipeline.Body{bodyOf([]byte("good text good text"))})
		good[c.Encoding()] = o.got[0].Data
		f.Add(o.got[0].Data, c.Encoding())
		f.Add(o.got[0].Data[:8], c.Encoding())
		f.Add(bytes.Repeat(o.got[0].Data, 3), c.Encoding())
	}
	d, err := stages.NewDecompressor(stages.DecompressConfig{MaxBytes: limit})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, encoding string) {
		out, err := d.Append([]byte("before"), data, encoding)
		if !bytes.HasPrefix(out, []byte("before")) || len(out) > limit+len("before") || err != nil && len(out) != len("before") {
			t.Errorf("%s of %q returned %d bytes, error %v", encoding, data, len(out), err)
		}
		if want := good[encoding]; want != nil {
			if out, err := d.Append(nil, want, encoding); err != nil || string(out) != "good text good text" {
				t.Errorf("%s after %q returned %q, error %v", encoding, data, out, err)
			}
		}
	})
}

func BenchmarkCompress(b *testing.B) {
	var text bytes.Buffer
	r := rand.New(rand.NewPCG(1, 2))
	for text.Len() < 1<<20 {
		fmt.Fprintf(&text, `{"traceId":"%016x%016x","spanId":"%016x","name":"model call","startedAt":"2026-11-22T16:08:08.%03dZ","input":"%s"},`,
			r.Uint64(), r.Uint64(), r.Uint64(), r.IntN(1000), strings.Repeat("a question, ", r.IntN(50)))
	}
	for _, c := range []stages.Compression{stages.Gzip.Level(1), stages.Gzip, stages.Gzip.Level(6), stages.Zstd.Level(1), stages.Zstd, stages.S2} {
		b.Run("codec="+strings.ReplaceAll(c.String(), " level ", "-"), func(b *testing.B) {
			p := pipeline.New(pipeline.Config{})
			flow := pipeline.From(p, source.Seq(func(yield func(*pipeline.Body) bool) {
				for b.Loop() {
					if !yield(bodyOf(text.Bytes())) {
						return
					}
				}
			}))
			size := 0
			pipeline.To(pipeline.Via(flow, stages.Compress(c)), sink.Each(func(body *pipeline.Body) {
				size = len(body.Data)
				body.Free()
			}))
			b.SetBytes(int64(text.Len()))
			b.ReportAllocs()
			if err := p.Run(b.Context()); err != nil {
				b.Error(err)
			}
			b.ReportMetric(float64(text.Len())/float64(size), "ratio")
		})
	}
}

// TestDropPlain holds that a compressed body whose plain bytes were given up still says where its items lay, that
// it unpacks to what was written, and that what it was written on serves the next body while it is out.
func TestDropPlain(t *testing.T) {
	const bodies = 20
	seen := map[*byte]bool{}
	p := pipeline.New(pipeline.Config{})
	batches := slices.Repeat([]pipeline.Batch[word]{words("abc def ghi")}, bodies)
	plain := pipeline.Via(pipeline.From(p, source.Slice(batches...)), stages.Encode(wordCodec{}, stages.EncodeConfig{}))
	plain = pipeline.Via(plain, stages.Tap(func(b *pipeline.Body) { seen[&b.Data[0]] = true }))
	choose := func() stages.Compression { return stages.Gzip }
	packed := pipeline.Via(plain, stages.CompressWith(stages.CompressConfig{Choose: choose, DropPlain: true}))
	var out []*pipeline.Body
	pipeline.To(packed, sink.Each(func(b *pipeline.Body) { out = append(out, b) }))
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	d, err := stages.NewDecompressor(stages.DecompressConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range out {
		text, err := d.Append(nil, b.Data, b.ContentEncoding)
		if err != nil || b.Plain != nil || b.Items() != 3 || string(text) != "<abc; def; ghi>" || string(text[b.Parts[1].From:b.Parts[1].To]) != "def" {
			t.Fatalf("%q %v, plain %q, parts %v", text, err, b.Plain, b.Parts)
		}
		b.Free()
	}
	if len(out) != bodies || len(seen) != 1 {
		t.Errorf("%d bodies were written on %d buffers, want one", len(out), len(seen))
	}
}
