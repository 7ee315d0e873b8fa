package span

import "sync/atomic"

// replacement stands for what no text may hold: bytes that are not UTF-8, and half of a surrogate pair.
const replacement = "\uFFFD"

var replaced atomic.Uint64

// Replaced returns how often, since the process began, U+FFFD was written in place of something that is no text: a byte
// that is not UTF-8, or half of a surrogate pair. Text that is written twice counts twice. Where it grows, somebody
// records text of another encoding, or binary data as text.
func Replaced() uint64 { return replaced.Load() }

// replace appends the text from run to at of s, and U+FFFD for what follows there.
func replace(buf []byte, s string, run, at int) []byte {
	replaced.Add(1)
	return append(append(buf, s[run:at]...), replacement...)
}
