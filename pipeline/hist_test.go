package pipeline

import "testing"

func TestHistogramBucketsAreContiguousAndWithinAQuarter(t *testing.T) {
	last := -1
	for v := uint64(0); v < 1<<20; v++ {
		b := bucketOf(v)
		if b != last && b != last+1 {
			t.Fatalf("bucketOf(%d) = %d after %d", v, b, last)
		}
		last = b
		if floor := bucketFloor(b); uint64(floor) > v || float64(v) > float64(floor)*1.25+1 {
			t.Fatalf("bucket %d of %d starts at %d", b, v, floor)
		}
	}
	if b := bucketOf(1<<63 + 1); b >= len(histogram{}.buckets) {
		t.Fatalf("the largest value falls into bucket %d", b)
	}
}
