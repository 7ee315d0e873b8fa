package observability

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// Sampling decides which traces are recorded: once, when the first span of a trace starts, and all spans below it
// follow. A trace that comes from another process by [Extract] keeps the decision that was made there. The zero
// Sampling records everything.
type Sampling struct {
	kind   samplingKind
	ratio  float64
	decide func(ctx context.Context, root Root) bool
}

type samplingKind uint8

const (
	samplingAlways samplingKind = iota
	samplingNever
	samplingRatio
	samplingFunc
)

// SampleAlways records every trace.
func SampleAlways() Sampling { return Sampling{} }

// SampleNever records nothing.
func SampleNever() Sampling { return Sampling{kind: samplingNever} }

// SampleRatio records a share of the traces, from 0 to 1, chosen by trace id: another process that knows the id and
// samples by the same ratio, be it here or with [stages.Sample], chooses the same.
func SampleRatio(ratio float64) Sampling { return Sampling{kind: samplingRatio, ratio: ratio} }

// SampleFunc records the traces that decide says yes to. It is called where a trace starts, on that goroutine, and by
// many of them at once. If it panics the trace is not recorded.
func SampleFunc(decide func(ctx context.Context, root Root) bool) Sampling {
	return Sampling{kind: samplingFunc, decide: decide}
}

// Root is what is known of a trace when its first span starts.
type Root struct {
	Name     string
	Type     span.Type
	Metadata map[string]any // of the run and of Start, with the keys of the request context; not to be changed
	trace    [16]byte
}

// TraceID is the id the trace will have.
func (r Root) TraceID() span.TraceID { return span.TraceID(hex.EncodeToString(r.trace[:])) }

func (s Sampling) check() error {
	switch {
	case s.kind == samplingRatio && !(s.ratio >= 0 && s.ratio <= 1): // NaN too
		return fmt.Errorf("Sampling: the ratio is %v, and must be from 0 to 1", s.ratio)
	case s.kind == samplingFunc && s.decide == nil:
		return fmt.Errorf("Sampling: the function is nil")
	}
	return nil
}

// keeps decides.
func (s *Sampling) keeps(ctx context.Context, root Root) bool {
	switch s.kind {
	case samplingNever:
		return false
	case samplingRatio:
		var digits [32]byte
		hex.Encode(digits[:], root.trace[:])
		return stages.InSample(s.ratio, string(digits[:]))
	case samplingFunc:
		return s.decide(ctx, root)
	}
	return true
}
