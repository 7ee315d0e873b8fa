package intake

import (
	"cmp"
	"fmt"
)

// Limits bound one request. A zero field means the default; the zero Limits are right for a server that others reach.
type Limits struct {
	MaxWireBytes   int // of a compressed body as it arrives; 0 means 8 MiB
	MaxBodyBytes   int // of the body in plain; 0 means 32 MiB
	MaxRecords     int // spans or records of a body; 0 means 50,000
	MaxRecordBytes int // of one span or record; 0 means 16 MiB
	MaxDepth       int // arrays and objects inside one another in a value; 0 means 64, and 127 is the most
	MaxKeys        int // members that attributes, metadata, labels and a correlation context keep; 0 means 256
	MaxStringBytes int // of one text, of which more is cut; 0 means 1 MiB
}

// MaxDepth is the most that Limits.MaxDepth can be. It leaves room for the record around a value in what the span package
// reads.
const MaxDepth = 127

// WithDefaults returns the limits with no field left at zero. The error matches [ErrConfig] and names the field that is
// negative or too large.
func (l Limits) WithDefaults() (Limits, error) {
	for _, f := range []struct {
		name  string
		value *int
		unset int
	}{
		{"MaxWireBytes", &l.MaxWireBytes, 8 << 20},
		{"MaxBodyBytes", &l.MaxBodyBytes, 32 << 20},
		{"MaxRecords", &l.MaxRecords, 50_000},
		{"MaxRecordBytes", &l.MaxRecordBytes, 16 << 20},
		{"MaxDepth", &l.MaxDepth, 64},
		{"MaxKeys", &l.MaxKeys, 256},
		{"MaxStringBytes", &l.MaxStringBytes, 1 << 20},
	} {
		if *f.value < 0 {
			return l, fmt.Errorf("%w: Limits.%s is %d", ErrConfig, f.name, *f.value)
		}
		*f.value = cmp.Or(*f.value, f.unset)
	}
	if l.MaxDepth > MaxDepth {
		return l, fmt.Errorf("%w: Limits.MaxDepth is %d, the most is %d", ErrConfig, l.MaxDepth, MaxDepth)
	}
	return l, nil
}
