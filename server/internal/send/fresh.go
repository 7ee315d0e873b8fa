package send

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/tailrace-go/tailrace/span"
)

// fresh gives a span other ids, which follow from the old ones, the round and the seed alone: so the spans of a trace
// still belong together, however far apart they are read, and a run that is resumed makes the same ones. Ids that are no
// hex digits, such as those of spans that were not sampled, stand for themselves.
func fresh(s *span.Span, seed uint64, round int) {
	if trace, ok := s.TraceID.W3C(); ok {
		s.TraceID = span.TraceID(digits(seed, round, "trace", string(trace), 16))
	}
	for _, id := range []*span.ID{&s.ID, &s.ParentID} {
		if padded, ok := id.W3C(); ok {
			*id = span.ID(digits(seed, round, "span", string(padded), 8))
		}
	}
}

// digits are n bytes in hex.
func digits(seed uint64, round int, kind, id string, n int) string {
	var room [64]byte
	text := binary.LittleEndian.AppendUint64(room[:0], seed)
	text = binary.LittleEndian.AppendUint64(text, uint64(round))
	sum := sha256.Sum256(append(append(text, kind...), id...))
	sum[0] |= 1 // never all zero, which means no id
	return hex.EncodeToString(sum[:n])
}
