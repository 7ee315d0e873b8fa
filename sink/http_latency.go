package sink

import (
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// latencies counts how long answers took, in buckets that are a quarter of a power of two wide.
type latencies struct {
	buckets [64 * 4]atomic.Int64
	top     atomic.Int64
}

func (l *latencies) add(d time.Duration) {
	n := max(int64(d), 4)
	shift := bits.Len64(uint64(n)) - 3
	l.buckets[shift*4+int(n>>shift)-4].Add(1)
	for top := l.top.Load(); n > top && !l.top.CompareAndSwap(top, n); top = l.top.Load() {
	}
}

func (l *latencies) quantiles() pipeline.Quantiles {
	var counts [len(l.buckets)]int64
	q := pipeline.Quantiles{Max: l.top.Load()}
	for i := range counts {
		counts[i] = l.buckets[i].Load()
		q.Count += counts[i]
	}
	at := func(part float64) int64 {
		rank := int64(part * float64(q.Count))
		for i, n := range counts {
			if rank -= n; rank < 0 {
				return min(int64(5+i%4)<<(i/4)-1, q.Max) // the last value of the bucket
			}
		}
		return 0
	}
	q.P50, q.P90, q.P99 = at(0.5), at(0.9), at(0.99)
	return q
}
