package span

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
)

// TraceID names a trace. It is kept as it was received: W3C trace ids are 32 lower-case hex digits, but a caller may
// have given fewer, or capitals, and Mastra 0.x sends [NoOpTraceID].
type TraceID string

// ID names a span within its trace, and like [TraceID] is kept as received. W3C span ids have 16 lower-case hex digits.
type ID string

// What Mastra 0.x writes for the parent of a span whose trace was not sampled. Such spans belong to no one trace: keep
// them apart or leave them out, but count them.
const (
	NoOpTraceID TraceID = "no-op-trace"
	NoOpID      ID      = "no-op"
)

// NewTraceID returns a random W3C trace id.
func NewTraceID() TraceID { return TraceID(randomHex(16)) }

// NewID returns a random W3C span id.
func NewID() ID { return ID(randomHex(8)) }

// Valid reports whether id is a W3C trace id as it stands: 32 lower-case hex digits, not all zero.
func (id TraceID) Valid() bool { return validHex(string(id), 32) }

// Valid reports whether id is a W3C span id as it stands: 16 lower-case hex digits, not all zero.
func (id ID) Valid() bool { return validHex(string(id), 16) }

// W3C returns id in lower case with zeros on the left up to 32 digits, as OTLP needs it. ok is false when that is no
// W3C id: not 1 to 32 hex digits, or all zero.
func (id TraceID) W3C() (padded TraceID, ok bool) {
	s, ok := padHex(string(id), 32)
	return TraceID(s), ok
}

// W3C returns id in lower case with zeros on the left up to 16 digits. ok is false when that is no W3C id: not 1 to 16
// hex digits, or all zero.
func (id ID) W3C() (padded ID, ok bool) {
	s, ok := padHex(string(id), 16)
	return ID(s), ok
}

// Bytes returns the W3C form of id in binary, and ok as [TraceID.W3C] does.
func (id TraceID) Bytes() (b [16]byte, ok bool) {
	if s, padded := padHex(string(id), 32); padded {
		_, err := hex.Decode(b[:], []byte(s))
		return b, err == nil
	}
	return b, false
}

// Bytes returns the W3C form of id in binary, and ok as [ID.W3C] does.
func (id ID) Bytes() (b [8]byte, ok bool) {
	if s, padded := padHex(string(id), 16); padded {
		_, err := hex.Decode(b[:], []byte(s))
		return b, err == nil
	}
	return b, false
}

func randomHex(n int) string {
	var b [16]byte
	for {
		for i := 0; i < n; i += 8 {
			r := rand.Uint64()
			for j := range 8 {
				b[i+j] = byte(r >> (8 * j))
			}
		}
		if s := hex.EncodeToString(b[:n]); strings.Trim(s, "0") != "" { // all zero means "no id" to W3C
			return s
		}
	}
}

func validHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	zero := byte('0')
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
		zero |= c
	}
	return zero != '0'
}

func padHex(s string, n int) (string, bool) {
	if s == "" || len(s) > n {
		return "", false
	}
	if validHex(s, n) { // as a rule
		return s, true
	}
	s = strings.Repeat("0", n-len(s)) + strings.ToLower(s)
	if !validHex(s, n) {
		return "", false
	}
	return s, true
}
