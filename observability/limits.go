package observability

import (
	"cmp"
	"fmt"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// Limits bound what one span may hold. Whatever they cut says so in its place, and strings are cut between characters:
// see [span.ValueLimits] and [span.ValueLimits.Cut].
type Limits struct {
	MaxStringBytes int // of one string; 0 means 131,072
	MaxDepth       int // arrays and objects inside one another; 0 means 64, the most is 128
	MaxItems       int // elements of an array, members of an object; 0 means 10,000
	MaxSpanBytes   int // of a whole span, by [span.Span.Size]; 0 means 1 MiB, the least is 4 KiB
	// MaxWait bounds how long the MarshalJSON, MarshalText or Error of one value is waited for, while the program that
	// is traced waits too; 0 means 1 s, negative without end.
	MaxWait time.Duration
}

func (l Limits) withDefaults() (Limits, error) {
	l.MaxStringBytes = cmp.Or(l.MaxStringBytes, 128<<10)
	l.MaxDepth = cmp.Or(l.MaxDepth, 64)
	l.MaxItems = cmp.Or(l.MaxItems, 10_000)
	l.MaxSpanBytes = cmp.Or(l.MaxSpanBytes, 1<<20)
	l.MaxWait = cmp.Or(l.MaxWait, time.Second)
	switch {
	case l.MaxStringBytes < 0:
		return l, fmt.Errorf("Limits.MaxStringBytes is %d", l.MaxStringBytes)
	case l.MaxDepth < 0 || l.MaxDepth > 128:
		return l, fmt.Errorf("Limits.MaxDepth is %d, and must be from 1 to 128", l.MaxDepth)
	case l.MaxItems < 0:
		return l, fmt.Errorf("Limits.MaxItems is %d", l.MaxItems)
	case l.MaxSpanBytes < 4<<10:
		return l, fmt.Errorf("Limits.MaxSpanBytes is %d, and must be at least 4096", l.MaxSpanBytes)
	}
	return l, nil
}

// values are the limits of one value, which may be as large as a whole span: Fit sees to their sum.
func (l Limits) values() span.ValueLimits {
	return span.ValueLimits{
		MaxStringBytes: l.MaxStringBytes,
		MaxDepth:       l.MaxDepth,
		MaxItems:       l.MaxItems,
		MaxBytes:       l.MaxSpanBytes,
		MaxWait:        l.MaxWait,
	}
}
