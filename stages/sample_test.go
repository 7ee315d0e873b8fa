package stages_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

func traceOf(i int) string { return fmt.Sprintf("trace-%d", i/5) }

func TestSampleKeepsAShareOfTheKeys(t *testing.T) {
	const n = 50_000
	items := upTo(n)
	var before map[string]bool
	for _, ratio := range []float64{0, 0.01, 0.1, 0.5, 0.9, 1} {
		o := through(t, stages.Sample(ratio, traceOf), items)
		kept := map[string]int{}
		for _, i := range o.got {
			kept[traceOf(i)]++
		}
		share, keys := float64(len(kept))/(n/5), n/5.0
		if off := 5 * math.Sqrt(ratio*(1-ratio)/keys); math.Abs(share-ratio) > off {
			t.Errorf("ratio %v kept %v of the keys", ratio, share)
		}
		for key, items := range kept {
			if items != 5 {
				t.Fatalf("ratio %v kept %d of the 5 items of %s", ratio, items, key)
			}
		}
		now := map[string]bool{}
		for key := range kept {
			now[key] = true
		}
		for key := range before {
			if !now[key] {
				t.Fatalf("ratio %v does not keep %s, which a smaller one kept", ratio, key)
			}
		}
		before = now
		if l := o.ledger; l.Delivered != int64(len(o.got)) || l.Filtered != int64(n-len(o.got)) || o.err != nil {
			t.Errorf("ratio %v: ledger %+v, error %v", ratio, l, o.err)
		}
	}
}

// Other processes, and later versions, have to agree on what is kept.
func TestSampleIsTheSameEverywhere(t *testing.T) {
	o := through(t, stages.Sample(0.2, func(s string) string { return s }), strings.Fields("a b c d e f g h i j k l m n o p q r s t"))
	if got := strings.Join(o.got, " "); got != "h k n q" {
		t.Errorf("kept %q", got)
	}
}

func TestSampleRandom(t *testing.T) {
	const n = 100_000
	for _, ratio := range []float64{0, 0.25, 1} {
		o := through(t, stages.SampleRandom[int](ratio), upTo(n))
		share := float64(len(o.got)) / n
		if off := 6 * math.Sqrt(ratio*(1-ratio)/n); math.Abs(share-ratio) > off {
			t.Errorf("ratio %v kept %v", ratio, share)
		}
		if o.ledger.Filtered != int64(n-len(o.got)) {
			t.Errorf("ratio %v: ledger %+v", ratio, o.ledger)
		}
	}
}

func TestSampleSettings(t *testing.T) {
	for _, ratio := range []float64{-0.1, 1.1, math.NaN(), math.Inf(1)} {
		for _, stage := range []pipeline.Stage[int, int]{stages.Sample(ratio, traceOf), stages.SampleRandom[int](ratio)} {
			wrong(t, stage, fmt.Sprintf("ratio is %v", ratio))
		}
	}
	wrong(t, stages.Sample[int](0.5, nil), "the function key is nil")
}

func BenchmarkSample(b *testing.B) {
	p := pipeline.New(pipeline.Config{})
	flow := pipeline.From(p, source.Seq(func(yield func(string) bool) {
		for b.Loop() {
			if !yield("0af7651916cd43dd8448eb211c80319c") {
				return
			}
		}
	}))
	pipeline.To(pipeline.Via(flow, stages.Sample(0.5, func(s string) string { return s })), sink.Discard[string]())
	b.ReportAllocs()
	if err := p.Run(b.Context()); err != nil {
		b.Error(err)
	}
}
