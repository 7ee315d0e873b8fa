package otlp

import (
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// fields walks over the fields of one protobuf message. It reads no further than it is asked and goes into nothing, so
// that what is nested costs no stack.
type fields struct {
	rest   []byte
	num    protowire.Number
	typ    protowire.Type
	n      uint64 // of a varint or a fixed field
	bytes  []byte // of a length-delimited field; a view of the body
	broken bool
}

// next moves to the next field; false at the end, and where the message is broken.
func (f *fields) next() bool {
	for len(f.rest) > 0 {
		num, typ, n := protowire.ConsumeTag(f.rest)
		if n < 0 {
			return f.breaks()
		}
		f.rest = f.rest[n:]
		f.num, f.typ, f.n, f.bytes = num, typ, 0, nil
		switch typ {
		case protowire.VarintType:
			f.n, n = protowire.ConsumeVarint(f.rest)
		case protowire.Fixed64Type:
			f.n, n = protowire.ConsumeFixed64(f.rest)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(f.rest)
			f.n = uint64(v)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(f.rest)
		case protowire.StartGroupType:
			if !f.skipGroup() {
				return f.breaks()
			}
			continue
		default:
			return f.breaks()
		}
		if n < 0 {
			return f.breaks()
		}
		f.rest = f.rest[n:]
		return true
	}
	return false
}

func (f *fields) breaks() bool {
	f.rest, f.broken = nil, true
	return false
}

// skipGroup passes over a group, which no message of OTLP has: only a message of some other kind could.
func (f *fields) skipGroup() bool {
	for depth := 1; depth > 0; {
		_, typ, n := protowire.ConsumeTag(f.rest)
		if n < 0 {
			return false
		}
		f.rest = f.rest[n:]
		switch typ {
		case protowire.StartGroupType:
			depth++
			continue
		case protowire.EndGroupType:
			depth--
			continue
		case protowire.VarintType:
			_, n = protowire.ConsumeVarint(f.rest)
		case protowire.Fixed64Type:
			_, n = protowire.ConsumeFixed64(f.rest)
		case protowire.Fixed32Type:
			_, n = protowire.ConsumeFixed32(f.rest)
		case protowire.BytesType:
			_, n = protowire.ConsumeBytes(f.rest)
		default:
			return false
		}
		if n < 0 {
			return false
		}
		f.rest = f.rest[n:]
	}
	return true
}

// is reports whether the field has this number and is length-delimited; one of another type counts as unknown.
func (f *fields) is(num protowire.Number) bool {
	return f.num == num && f.typ == protowire.BytesType
}

// view reads b as a string without a copy: for what is only looked at while the body is there.
func view(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // see above
}
