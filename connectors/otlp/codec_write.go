package otlp

import (
	"encoding/hex"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tailrace-go/tailrace/span"
)

// writer appends messages, in protobuf or in the JSON of OTLP, so that one walk writes both.
type writer struct {
	b    []byte
	json bool
}

// A member is a field of a message: its number, and its key in JSON.
type member struct {
	num protowire.Number
	key string
}

// mark is where a message began, and the room that was left for its length.
type mark struct{ at, room int }

// Most messages are shorter than what fits into a length of so many bytes; others are moved.
const (
	short = 1 // 128 bytes
	long  = 2 // 16 KiB
)

// open begins a message, or the element of a list.
func (w *writer) open(m member, room int) mark {
	if w.json {
		w.name(m)
		w.b = append(w.b, '{')
		return mark{}
	}
	w.b = protowire.AppendTag(w.b, m.num, protowire.BytesType)
	w.b = append(w.b, 0, 0)[:len(w.b)+room]
	return mark{len(w.b), room}
}

// close ends the message.
func (w *writer) close(m mark) {
	if w.json {
		w.b = append(w.b, '}')
		return
	}
	n := len(w.b) - m.at
	size := protowire.SizeVarint(uint64(n))
	if size != m.room {
		w.b = append(w.b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)[:m.at+n+max(size-m.room, 0)]
		copy(w.b[m.at-m.room+size:], w.b[m.at:m.at+n])
		w.b = w.b[:m.at-m.room+size+n]
	}
	protowire.AppendVarint(w.b[:m.at-m.room], uint64(n)) // into the room
}

// list begins a list, which protobuf needs no word for. Its elements are messages without a name.
func (w *writer) list(m member) {
	if w.json {
		w.name(m)
		w.b = append(w.b, '[')
	}
}

func (w *writer) endList() {
	if w.json {
		w.b = append(w.b, ']')
	}
}

// element begins an element of the list that is open.
func (w *writer) element(m member, room int) mark { return w.open(member{num: m.num}, room) }

// name writes the key of a member of JSON; none for an element.
func (w *writer) name(m member) {
	if last := w.b[len(w.b)-1]; last != '{' && last != '[' {
		w.b = append(w.b, ',')
	}
	if m.key != "" {
		w.b = append(append(append(w.b, '"'), m.key...), `":`...)
	}
}

func (w *writer) text(m member, v string) {
	if w.json {
		w.name(m)
		w.b = span.AppendText(w.b, v)
		return
	}
	w.b = protowire.AppendString(protowire.AppendTag(w.b, m.num, protowire.BytesType), v)
}

// id writes bytes, which JSON has in hex.
func (w *writer) id(m member, v []byte) {
	if w.json {
		w.name(m)
		w.b = append(hex.AppendEncode(append(w.b, '"'), v), '"')
		return
	}
	w.b = protowire.AppendBytes(protowire.AppendTag(w.b, m.num, protowire.BytesType), v)
}

// whole writes a number of 32 bits; 0 is left out.
func (w *writer) whole(m member, n uint64) {
	if n == 0 {
		return
	}
	if w.json {
		w.name(m)
		w.b = strconv.AppendUint(w.b, n, 10)
		return
	}
	w.b = protowire.AppendVarint(protowire.AppendTag(w.b, m.num, protowire.VarintType), n)
}

// flags writes 32 bits; none set is left out.
func (w *writer) flags(m member, n uint64) {
	if w.json || n == 0 {
		w.whole(m, n)
		return
	}
	w.b = protowire.AppendFixed32(protowire.AppendTag(w.b, m.num, protowire.Fixed32Type), uint32(n))
}

// moment writes a time in ns since 1970; 0 is left out. JSON has 64 bits as text.
func (w *writer) moment(m member, ns uint64) {
	if ns == 0 {
		return
	}
	if w.json {
		w.name(m)
		w.b = append(strconv.AppendUint(append(w.b, '"'), ns, 10), '"')
		return
	}
	w.b = protowire.AppendFixed64(protowire.AppendTag(w.b, m.num, protowire.Fixed64Type), ns)
}

func (w *writer) truth(m member, v bool) {
	if w.json {
		w.name(m)
		w.b = strconv.AppendBool(w.b, v)
		return
	}
	w.b = protowire.AppendVarint(protowire.AppendTag(w.b, m.num, protowire.VarintType), protowire.EncodeBool(v))
}

func (w *writer) integer(m member, n int64) {
	if w.json {
		w.name(m)
		w.b = append(strconv.AppendInt(append(w.b, '"'), n, 10), '"')
		return
	}
	w.b = protowire.AppendVarint(protowire.AppendTag(w.b, m.num, protowire.VarintType), uint64(n)) // two's complement
}
