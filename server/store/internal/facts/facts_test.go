package facts

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// What real exporters of both generations sent comes out of a segment as it went in.
func TestCapturedSpansSurviveASegment(t *testing.T) {
	for _, name := range captured.Names() {
		spans, bad, err := span.DecodeBody(captured.Body(name))
		if err != nil || len(bad) > 0 {
			t.Fatalf("%s: %v %v", name, bad, err)
		}
		var segment []byte
		for _, s := range spans {
			f, reason := OfSpan(store.Item{Span: s}, s.Start, 0)
			if reason != "" {
				t.Fatalf("%s: %s is rejected: %s", name, s.ID, reason)
			}
			if segment, reason = AppendSpan(segment, &f); reason != "" {
				t.Fatalf("%s: %s cannot be written: %s", name, s.ID, reason)
			}
		}
		for _, want := range spans {
			frame, rest, err := NextFrame(segment)
			if err != nil {
				t.Fatal(err)
			}
			segment = rest
			got, err := frame.Decode()
			if err != nil {
				t.Fatal(err)
			}
			a, errA := got.MarshalJSON()
			b, errB := want.MarshalJSON()
			if errA != nil || errB != nil || !bytes.Equal(a, b) {
				t.Errorf("%s: got %s\nwant %s", name, a, b)
			}
		}
		if len(segment) != 0 {
			t.Errorf("%s: %d bytes are left", name, len(segment))
		}
	}
}

func TestContainsFold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[aAbBé0%]{0,12}`).Draw(t, "text")
		part := rapid.StringMatching(`[aAbBé0%]{0,3}`).Draw(t, "part")
		if got, want := ContainsFold(text, part), strings.Contains(strings.ToLower(text), strings.ToLower(part)); got != want {
			t.Fatalf("%q in %q: %t, want %t", part, text, got, want)
		}
	})
}

func TestTopmostTakesEverySpanOnceAndCycles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "n")
		nodes := make([]Node, n)
		for i := range nodes {
			nodes[i] = Node{SpanID(i + 1), SpanID(rapid.IntRange(0, n+1).Draw(t, "parent"))}
		}
		limit := rapid.IntRange(1, n+5).Draw(t, "limit")
		if got := len(Topmost(nodes, limit)); got != min(n, limit) {
			t.Fatalf("%d of %v, want %d", got, nodes, min(n, limit))
		}
	})
}

func TestDays(t *testing.T) {
	for text, at := range map[string]time.Time{
		"1969-12-31": time.Unix(0, -1), "1970-01-01": time.Unix(0, 0),
		"2026-11-22": time.Date(2026, 11, 22, 23, 59, 59, 999999999, time.UTC),
	} {
		d := Day(at.UnixNano())
		if parsed, ok := ParseDay(text); DayText(d) != text || parsed != d || !ok {
			t.Errorf("%v: day %s, want %s", at, DayText(d), text)
		}
	}
	for _, bad := range []string{"", "lock", "2026-1-1", "2026-02-30"} {
		if _, ok := ParseDay(bad); ok {
			t.Errorf("%q is a day", bad)
		}
	}
}

func FuzzNextFrame(f *testing.F) {
	s := &span.Span{TraceID: "1", ID: "2", Start: time.Unix(1, 2), End: time.Unix(3, 4)}
	of, _ := OfSpan(store.Item{Span: s}, time.Unix(5, 6), 0)
	data, _ := AppendSpan(nil, &of)
	r, _ := OfRecord(&store.Record{Kind: store.KindLog, ID: "a", Log: &store.Log{}}, time.Unix(5, 6), 0)
	data, _ = AppendRecord(data, &r)
	f.Add(data)
	f.Fuzz(func(_ *testing.T, data []byte) {
		for len(data) > 0 {
			frame, rest, err := NextFrame(data)
			if err != nil {
				return
			}
			data = rest
			_, _ = frame.Decode()
			_, _ = DecodeRecord(frame.JSON)
		}
	})
}
