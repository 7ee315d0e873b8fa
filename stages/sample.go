package stages

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/tailrace-go/tailrace/pipeline"
)

// Sample keeps a share of the keys: ratio 0.1 keeps about a tenth of them, 0 none and 1 all. All
// items of one key share its fate, here and in every other process that samples by the same
// ratio, so a trace is kept whole if key returns its id. A key that one ratio keeps is kept by
// every larger one. The others are counted as filtered.
//
// Keys are spread by 64-bit FNV-1a with the finalizer of MurmurHash3. That is not secret: who may
// choose keys freely can choose those that are kept.
func Sample[T any](ratio float64, key func(T) string) pipeline.Stage[T, T] {
	err := checkRatio(ratio)
	if key == nil {
		err = errNil("key")
	}
	if err != nil {
		return pipeline.BadStage[T, T]("sample", err)
	}
	limit := threshold(ratio)
	return Filter(func(item T) bool { return spread(key(item))>>11 < limit }).Named("sample")
}

// SampleRandom keeps a share of the items, each by a throw of the dice, and counts the others as
// filtered. For items that belong together, such as the spans of a trace, use [Sample].
func SampleRandom[T any](ratio float64) pipeline.Stage[T, T] {
	if err := checkRatio(ratio); err != nil {
		return pipeline.BadStage[T, T]("sample", err)
	}
	limit := threshold(ratio)
	return Filter(func(T) bool { return rand.Uint64()>>11 < limit }).Named("sample")
}

// InSample reports whether [Sample] keeps key at this ratio, for those who decide before there is an item.
func InSample(ratio float64, key string) bool { return spread(key)>>11 < threshold(ratio) }

func checkRatio(ratio float64) error {
	if ratio >= 0 && ratio <= 1 {
		return nil
	}
	return fmt.Errorf("ratio is %v: it is a share, from 0 to 1", ratio) // NaN too
}

// threshold is the number that ratio of all 53-bit numbers are below: a float64 holds each of
// them exactly, so 1 means all.
func threshold(ratio float64) uint64 { return uint64(math.Round(ratio * (1 << 53))) }

// spread hashes a key so that every bit depends on all of it, which FNV alone does not do for
// its high bits.
func spread(key string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
