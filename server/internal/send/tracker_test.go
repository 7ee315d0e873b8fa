package send

import (
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

func TestTracker(t *testing.T) {
	named := func(id string) *span.Span { return &span.Span{TraceID: "t", ID: span.ID(id)} }
	body := func(ids ...string) *pipeline.Body {
		b := &pipeline.Body{Plain: span.V0.AppendOpen(nil)}
		for i, id := range ids {
			from := len(b.Plain)
			if i > 0 {
				from++
			}
			b.Plain, _ = span.V0.AppendItem(b.Plain, named(id), i == 0)
			b.Parts = append(b.Parts, pipeline.Part{From: from, To: len(b.Plain)})
		}
		b.Plain = span.V0.AppendClose(b.Plain)
		return b
	}
	for _, c := range []struct {
		name    string
		settled int64
		lost    []any
		want    int64 // -1: none
	}{
		{"nothing", 0, nil, -1},
		{"nothing, but much is settled", 13, nil, -1},
		{"a span", 0, []any{named("d")}, 14},
		{"a batch", 11, []any{pipeline.Batch[*span.Span]{named("b"), named("c")}}, 11},
		{"a body", 0, []any{body("c", "d")}, 13},
		{"a later one changes nothing", 0, []any{body("b"), named("d")}, 11},
		{"an earlier one does", 0, []any{named("d"), body("b", "c")}, 11},
		{"of a name that came twice, the first", 0, []any{named("a")}, 10},
		{"of a name that came twice, the first is settled", 11, []any{named("a")}, 15},
		{"nobody knows which", 11, []any{pipeline.Unknown{Items: 3}}, 11},
		{"nobody knows which, of what comes behind", 11, []any{named("b"), pipeline.Unknown{Items: 3}}, 11},
		{"one that never came", 0, []any{named("x")}, 10},
		{"empty ones", 0, []any{pipeline.Batch[*span.Span]{}, &pipeline.Body{}}, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := newTracker(10)
			for i, id := range []string{"a", "b", "", "c", "d", "a"} {
				if id != "" { // number 12 is bad
					tr.sent(10+int64(i), named(id))
				}
			}
			tr.settled(c.settled)
			for _, item := range c.lost {
				tr.lost("stage", "reason", item)
			}
			n, lost := tr.firstLost()
			if !lost {
				n = -1
			}
			if n != c.want {
				t.Errorf("the first is %d, want %d", n, c.want)
			}
		})
	}
}
