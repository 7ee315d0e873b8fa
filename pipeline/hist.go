package pipeline

import (
	"math/bits"
	"time"
)

// histogram counts values in buckets that are a quarter of a power of two wide, so a quantile
// is right within 25 %. It has one writer and any number of readers, and is made on first use.
type histogram struct {
	buckets [61 * 4]counter
	top     counter // the largest value
}

func (h *histogram) add(v int64) {
	h.buckets[bucketOf(uint64(max(v, 0)))].inc()
	h.top.add(max(v-h.top.load(), 0))
}

// bucketOf returns the bucket of v: 0 to 3 each have one, then each power of two has four.
func bucketOf(v uint64) int {
	if v < 4 {
		return int(v)
	}
	shift := bits.Len64(v) - 3
	return min(shift*4+int(v>>shift), 61*4-1)
}

// bucketFloor is the smallest value in a bucket.
func bucketFloor(i int) int64 {
	if i < 8 {
		return int64(i)
	}
	shift := i/4 - 1
	return int64(4+i%4) << shift
}

// tally is the sum of several histograms, for reading.
type tally struct {
	buckets [61 * 4]int64
	count   int64
	top     int64
}

func (t *tally) merge(h *histogram) {
	for i := range h.buckets {
		n := h.buckets[i].load()
		t.buckets[i] += n
		t.count += n
	}
	t.top = max(t.top, h.top.load())
}

// quantile returns the largest value that the bucket can hold in which the q-th part of all
// values ends.
func (t *tally) quantile(q float64) int64 {
	rank := int64(q * float64(t.count))
	for i, n := range t.buckets {
		if rank -= n; rank < 0 {
			return min(bucketFloor(i+1)-1, t.top)
		}
	}
	return 0
}

// began is the origin of the clock below.
var began = time.Now()

// clock returns monotonic nanoseconds. time.Since is half the price of time.Now.
func clock() int64 { return int64(time.Since(began)) }
