package sqlite

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"
	"pgregory.net/rapid"

	"github.com/tailrace-go/tailrace/server/store/internal/facts"
)

var wordsByID = []string{"", "Checkout", "refund", "RED", "a b"}

func nameByID(id int64) string { return wordsByID[id] }

func drawEntries(t *rapid.T) []entry {
	var entries []entry
	for tid := range rapid.IntRange(0, 12).Draw(t, "entries") {
		e := entry{
			tid: int64(tid * 3), name: rapid.Int64Range(0, 4).Draw(t, "name"),
			preview: facts.Lower(rapid.SampledFrom([]string{"", "Pay the bill", "ab", "bab", "d", "line ends"}).Draw(t, "preview")),
		}
		e.id[0] = rapid.SampledFrom([]byte{0xab, 0xba, 0}).Draw(t, "id")
		e.tags = rapid.SliceOfN(rapid.Int64Range(1, 4), 0, 2).Draw(t, "tags")
		entries = append(entries, e)
	}
	return entries
}

func TestSearchFindsWhatPlainComparisonDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := drawEntries(t)
		text := rapid.SampledFrom([]string{"B", "ab", "bill", "CHECK", "red", "\n", "b\nb", "d", "nothing", strings.Repeat("0", 32)}).Draw(t, "text")
		var want []int64
		for i := range entries {
			e := &entries[i]
			id := string(e.id.Text())
			found := facts.ContainsFold(e.preview, text) || facts.ContainsFold(nameByID(e.name), text) ||
				slices.ContainsFunc(e.tags, func(tag int64) bool { return facts.ContainsFold(nameByID(tag), text) }) ||
				strings.HasPrefix(id, strings.ToLower(text)) || text != "" && id == fmt.Sprintf("%032s", strings.ToLower(text))
			if found {
				want = append(want, e.tid)
			}
		}
		var read texts
		if err := read.read(s2.Encode(nil, appendEntries(nil, entries))); err != nil {
			t.Fatal(err)
		}
		if got := newNeedle(text).in(&read, nil, nameByID); !slices.Equal(got, want) {
			t.Fatalf("%q in %+v: %v, want %v", text, entries, got, want)
		}
	})
}

func FuzzTexts(f *testing.F) {
	f.Add(s2.Encode(nil, appendEntries(nil, []entry{{tid: 1, name: 2, tags: []int64{3}, preview: "x"}, {tid: 2}})))
	f.Fuzz(func(_ *testing.T, data []byte) {
		var read texts
		if read.read(data) == nil {
			newNeedle("ab").in(&read, nil, func(int64) string { return "" })
		}
	})
}
