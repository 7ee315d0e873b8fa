// Package hist counts durations in buckets that are 32 to each power of two wide. A bucket stands for its middle, so
// that a percentile is off by 1/64 of itself at most, and merging histograms adds no error.
package hist

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"slices"
)

const (
	perPower = 32
	shift    = 5 // log2 of perPower
)

// Hist is a sparse histogram. The zero value is empty. It is for one goroutine.
type Hist struct {
	buckets []bucket // by number, counts not 0
}

type bucket struct {
	number int32
	count  int64
}

// number returns the number of the bucket that v falls into. Negative values count as 0.
func number(v int64) int32 {
	if v < perPower {
		return int32(max(v, 0))
	}
	e := bits.Len64(uint64(v)) - 1
	return int32((e-shift+1)*perPower) + int32(v>>(e-shift))&(perPower-1)
}

// middle returns what a bucket stands for.
func middle(number int32) int64 {
	if number < perPower {
		return int64(number)
	}
	e := int(number)/perPower + shift - 1
	low := (int64(perPower) + int64(number%perPower)) << (e - shift)
	return low + int64(1)<<(e-shift)/2
}

// Add counts v n times; a negative n takes back what was counted before.
func (h *Hist) Add(v, n int64) { h.add(number(v), n) }

func (h *Hist) add(number int32, n int64) { h.addFrom(0, number, n) }

// addFrom looks from a place on, before which all numbers are lower, and returns the place of the number.
func (h *Hist) addFrom(from int, number int32, n int64) int {
	i, end := from, len(h.buckets)
	for step := 1; i < end && h.buckets[i].number < number; step *= 2 { // the next one is near, as a rule
		from = i + 1
		i += step
	}
	i, found := slices.BinarySearchFunc(h.buckets[from:min(i+1, end)], number, func(b bucket, number int32) int { return int(b.number - number) })
	i += from
	switch {
	case n == 0:
	case !found:
		h.buckets = slices.Insert(h.buckets, i, bucket{number, n})
	case h.buckets[i].count+n == 0:
		h.buckets = slices.Delete(h.buckets, i, i+1)
	default:
		h.buckets[i].count += n
	}
	return i
}

// Merge adds all that o has counted.
func (h *Hist) Merge(o *Hist) {
	if len(h.buckets) == 0 {
		h.buckets = append(h.buckets, o.buckets...)
		return
	}
	at := 0
	for _, b := range o.buckets {
		at = h.addFrom(at, b.number, b.count)
	}
}

// MergeEncoded adds what Append wrote.
func (h *Hist) MergeEncoded(data []byte) error {
	at := 0
	return decode(data, func(b bucket) { at = h.addFrom(at, b.number, b.count) })
}

// Count is how many values there are.
func (h *Hist) Count() int64 {
	n := int64(0)
	for _, b := range h.buckets {
		n += b.count
	}
	return n
}

// Quantile returns the smallest value that at least the fraction q of all values does not exceed, 0 of an empty one.
func (h *Hist) Quantile(q float64) int64 {
	left := int64(math.Ceil(q * float64(h.Count())))
	left = max(left, 1)
	for _, b := range h.buckets {
		if left -= b.count; left <= 0 {
			return middle(b.number)
		}
	}
	return 0
}

// Append writes the histogram behind buf, about three bytes a bucket.
func (h *Hist) Append(buf []byte) []byte {
	last := int32(0)
	for _, b := range h.buckets {
		buf = binary.AppendUvarint(buf, uint64(b.number-last))
		buf = binary.AppendVarint(buf, b.count)
		last = b.number
	}
	return buf
}

// ErrCorrupt is the error of bytes that no histogram wrote.
var ErrCorrupt = errors.New("hist: not a histogram")

// Decode reads what Append wrote.
func Decode(data []byte) (Hist, error) {
	var h Hist
	if len(data) > 0 {
		h.buckets = make([]bucket, 0, len(data)/2)
	}
	if err := decode(data, func(b bucket) { h.buckets = append(h.buckets, b) }); err != nil {
		return Hist{}, err
	}
	return h, nil
}

func decode(data []byte, each func(b bucket)) error {
	last := int64(-1)
	for at := int64(0); len(data) > 0; {
		step, n := binary.Uvarint(data)
		if n <= 0 || step > 64*perPower {
			return ErrCorrupt
		}
		data = data[n:]
		count, n := binary.Varint(data)
		at += int64(step)
		if n <= 0 || at <= last || at >= 64*perPower || count == 0 {
			return ErrCorrupt
		}
		data, last = data[n:], at
		each(bucket{int32(at), count})
	}
	return nil
}
