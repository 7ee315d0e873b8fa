package sink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
	"pgregory.net/rapid"
)

// However a body is cut, its pieces are whole bodies and hold its items, once each and in order.
func TestCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(0, 300), 2, 40).Draw(t, "sizes")
		body := &pipeline.Body{Charged: rapid.IntRange(0, 1<<40).Draw(t, "charged"), ContentType: "application/json"}
		b := bytes.NewBufferString(`{"spans":[`)
		for i, size := range sizes {
			if i > 0 {
				b.WriteString(" , ")
			}
			from := b.Len()
			fmt.Fprintf(b, `{"i":%d,"x":"%s"}`, i, bytes.Repeat([]byte("x"), size))
			body.Parts = append(body.Parts, pipeline.Part{From: from, To: b.Len()})
		}
		b.WriteString(`],"more":1}`)
		body.Plain = b.Bytes()
		next, charged := 0, 0
		var all func(*pipeline.Body)
		all = func(b *pipeline.Body) {
			var content struct {
				Spans []struct{ I int }
				More  int
			}
			if err := json.Unmarshal(b.Plain, &content); err != nil || content.More != 1 || len(content.Spans) != b.Items() {
				t.Fatalf("%s: %v", b.Plain, err)
			}
			for i, p := range b.Parts {
				if want := fmt.Sprintf(`{"i":%d,`, content.Spans[i].I); !bytes.HasPrefix(b.Plain[p.From:p.To], []byte(want)) {
					t.Fatalf("part %d of %s is %s", i, b.Plain, b.Plain[p.From:p.To])
				}
			}
			if !new(HTTPSender).divisible(b) {
				if content.Spans[0].I != next {
					t.Fatalf("item %d, want %d", content.Spans[0].I, next)
				}
				next++
				charged += b.Charged
				return
			}
			left, right := cut(b)
			if left.Items() == 0 || right.Items() == 0 || left.Charged < 0 || right.Charged < 0 {
				t.Fatalf("cut into %d and %d, charged %d and %d", left.Items(), right.Items(), left.Charged, right.Charged)
			}
			all(left)
			all(right)
		}
		all(body)
		if next != len(sizes) || charged != body.Charged {
			t.Fatalf("%d of %d items, %d of %d charged", next, len(sizes), charged, body.Charged)
		}
	})
}

func TestSizeLimit(t *testing.T) {
	var l sizeLimit
	if l.exceeded(1<<40, 1<<40) {
		t.Error("a limit before any refusal")
	}
	l.refused(500, 5000) // by its plain bytes, as far as anybody knows
	for plain, want := range map[int]bool{4999: false, 5000: true, 9000: true} {
		if l.exceeded(100, plain) != want {
			t.Errorf("exceeded(100, %d) is %v", plain, !want)
		}
	}
	l.passed(400, 8000)
	if l.exceeded(400, 8000) || l.learned() != 0 {
		t.Error("a limit that was passed still holds")
	}
	l.refused(2000, 2000) // much less than what passed, so it is the wire that is bounded
	if !l.exceeded(2000, 9000) || l.exceeded(1999, 1<<20) || l.learned() != 0 {
		t.Errorf("%+v", &l)
	}
	l.passed(3000, 3000)
	if l.exceeded(1<<40, 1<<40) {
		t.Error("a limit of the wire that was passed still holds")
	}
}
