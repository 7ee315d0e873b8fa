package sqlite

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tailrace-go/tailrace/server/store/internal/facts"
	"github.com/tailrace-go/tailrace/span"
)

func drawPair(t *rapid.T) pair {
	return pair{rapid.Int64Range(0, 1<<40).Draw(t, "k"), rapid.Int64Range(0, 200).Draw(t, "v")}
}

func TestPairIsFoundNowhereButWhereItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := rapid.SliceOf(rapid.Custom(drawPair)).Draw(t, "pairs")
		data := appendPairs(nil, pairs)
		if got := readPairs(data); !slices.Equal(got, pairs) {
			t.Fatalf("%v became %v", pairs, got)
		}
		p := rapid.Custom(drawPair).Draw(t, "one")
		if found := bytes.Contains(data, appendPair(nil, p)); found != slices.Contains(pairs, p) {
			t.Fatalf("%v in %v: %v", p, pairs, found)
		}
	})
}

func TestRowsAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var written []byte
		var want spanRows
		last := int64(0)
		number := rapid.Int64Range(0, 1<<40)
		for range rapid.IntRange(0, 60).Draw(t, "rows") {
			r := spanRow{
				id: facts.SpanID(rapid.Uint64Range(1, 50).Draw(t, "id")), parent: facts.SpanID(rapid.Uint64Range(0, 3).Draw(t, "parent")),
				start: rapid.Int64().Draw(t, "start") >> 2, dur: number.Draw(t, "dur") - 1, service: number.Draw(t, "service"),
				flags: rapid.Int64Range(0, 63).Draw(t, "flags"), cost: number.Draw(t, "cost") - 1, seg: 7,
			}
			if rapid.Bool().Draw(t, "used") {
				r.tokens = span.Tokens{Input: 1, Output: 2, Total: 3, Reasoning: 4, Cached: 1 << 40}
			}
			if want.find(r.id) != nil && rapid.Bool().Draw(t, "patch") {
				r.flags |= spanPatch
			}
			written = appendRow(written, &r, last)
			last = r.start
			want.put(&r)
		}
		var got spanRows
		if err := got.read(7, written); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.all, want.all) {
			t.Fatalf("got %+v, want %+v", got.all, want.all)
		}
		for i := range got.all {
			if r := got.find(got.all[i].id); r != &got.all[i] {
				t.Fatalf("row %d is not found", i)
			}
		}
	})
}

func TestPatchLeavesThePayloadWhereItIs(t *testing.T) {
	var rows spanRows
	rows.put(&spanRow{id: 1, seg: 1, cost: -1})
	rows.put(&spanRow{id: 1, seg: 2, cost: 5, flags: spanPatch | spanFailed})
	if r := rows.find(1); r.seg != 1 || r.cost != 5 || r.flags != spanFailed || len(rows.all) != 1 {
		t.Errorf("%+v", rows.all)
	}
}

func FuzzRows(f *testing.F) {
	f.Add(appendRow(nil, &spanRow{id: 1, parent: 2, start: 1 << 60, dur: -1, tokens: span.Tokens{Input: 1}}, 0))
	f.Fuzz(func(_ *testing.T, data []byte) {
		var rows spanRows
		_ = rows.read(1, data) // an error or not, but no panic
		readPairs(data)
		readTIDs(nil, data)
	})
}
