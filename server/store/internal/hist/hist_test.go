package hist

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestQuantilesAreWithinTheBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, math.MaxInt64/2), 1, 200).Draw(t, "values")
		shift := rapid.IntRange(0, 60).Draw(t, "shift") // else all values are huge
		var h, left, right Hist
		for i, v := range values {
			values[i] = v >> shift
			h.Add(values[i], 1)
			if rand.IntN(2) == 0 {
				left.Add(values[i], 1)
			} else {
				right.Add(values[i], 1)
			}
		}
		var encoded Hist
		for _, part := range []*Hist{&left, &right} {
			if err := encoded.MergeEncoded(part.Append(nil)); err != nil {
				t.Fatal(err)
			}
		}
		left.Merge(&right)
		if !slices.Equal(left.buckets, h.buckets) || !slices.Equal(encoded.buckets, h.buckets) {
			t.Fatalf("merged %v, from bytes %v, at once %v", left.buckets, encoded.buckets, h.buckets)
		}
		slices.Sort(values)
		for _, q := range []float64{0, 0.5, 0.95, 0.99, 1} {
			i := max(int(math.Ceil(q*float64(len(values))))-1, 0)
			got, want := h.Quantile(q), values[i]
			if math.Abs(float64(got-want)) > 0.016*float64(want) {
				t.Fatalf("quantile %v of %v: %d, want %d within 1.6 %%", q, values, got, want)
			}
			if merged := left.Quantile(q); merged != got {
				t.Fatalf("quantile %v of %v: %d merged, %d at once", q, values, merged, got)
			}
		}
		for _, v := range values {
			h.Add(v, -1)
		}
		if len(h.buckets) != 0 {
			t.Fatalf("%v is left after all was taken back", h.buckets)
		}
	})
}

func FuzzDecode(f *testing.F) {
	var h Hist
	h.Add(1, 2)
	h.Add(1e9, 300)
	f.Add(h.Append(nil))
	f.Add([]byte{0, 2, 0, 2})
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := Decode(data)
		if err != nil {
			return
		}
		again, err := Decode(h.Append(nil))
		if err != nil || !slices.Equal(again.buckets, h.buckets) {
			t.Fatalf("%v became %v, %v", h.buckets, again.buckets, err)
		}
		h.Quantile(0.5)
	})
}
