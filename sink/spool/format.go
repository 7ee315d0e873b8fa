package spool

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/tailrace-go/tailrace/pipeline"
)

// A file is, with all numbers little-endian:
//
//	 0  magic "tailrace"
//	 8  u32 version
//	12  u32 CRC-32C of the 12 bytes before: these 16 are the same in all versions to come
//	16  u32 length of the header, which is where the payload begins
//	20  u32 items
//	24  u64 length of the payload
//	32  u64 sequence number
//	40  u64 created, in unix seconds
//	48  u64 charge
//	56  u16 length of the key
//	58  u16 length of the content type
//	60  u16 length of the content encoding
//	62  u16 flags, 0
//	64  key, content type, content encoding
//	    for each item two varints: bytes since the end of the one before, and its length
//	    payload
//	    u32 CRC-32C of all before
const (
	magic       = "tailrace"
	version     = 1
	preambleLen = 16
	fixedLen    = 64
	crcLen      = 4
	maxText     = 4096 // bytes of a key, a content type, a content encoding
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// record is what a file says, but for its payload.
type record struct {
	seq             uint64
	created         int64
	charge          int
	key             string
	contentType     string
	contentEncoding string
	parts           []pipeline.Part // of the payload itself if it is not encoded, else of what it decodes to
}

// appendHeader appends what comes before a payload of that length. It fails on what decode would
// not take.
func appendHeader(buf []byte, r *record, payload int) ([]byte, error) {
	for _, text := range []struct{ what, is string }{
		{"key", r.key}, {"content type", r.contentType}, {"content encoding", r.contentEncoding},
	} {
		if len(text.is) > maxText {
			return buf, fmt.Errorf("the %s has %d bytes, %d are the most", text.what, len(text.is), maxText)
		}
	}
	if len(r.parts) > math.MaxUint32 || r.created < 0 || r.charge < 0 {
		return buf, fmt.Errorf("%d items, created %d, charge %d: out of range", len(r.parts), r.created, r.charge)
	}
	start, le := len(buf), binary.LittleEndian
	buf = le.AppendUint32(append(buf, magic...), version)
	buf = le.AppendUint32(buf, crc32.Checksum(buf[start:], castagnoli))
	buf = le.AppendUint32(buf, 0) // the header's length is known at its end
	buf = le.AppendUint32(buf, uint32(len(r.parts)))
	buf = le.AppendUint64(buf, uint64(payload))
	buf = le.AppendUint64(buf, r.seq)
	buf = le.AppendUint64(buf, uint64(r.created))
	buf = le.AppendUint64(buf, uint64(r.charge))
	buf = le.AppendUint16(buf, uint16(len(r.key)))
	buf = le.AppendUint16(buf, uint16(len(r.contentType)))
	buf = le.AppendUint16(buf, uint16(len(r.contentEncoding)))
	buf = le.AppendUint16(buf, 0)
	buf = append(append(append(buf, r.key...), r.contentType...), r.contentEncoding...)
	end := 0
	for i, p := range r.parts {
		if p.From < end || p.To < p.From || r.contentEncoding == "" && p.To > payload {
			return buf, fmt.Errorf("item %d is at %d to %d, after one that ends at %d, in %d bytes", i, p.From, p.To, end, payload)
		}
		buf = binary.AppendUvarint(buf, uint64(p.From-end))
		buf = binary.AppendUvarint(buf, uint64(p.To-p.From))
		end = p.To
	}
	if len(buf)-start > math.MaxUint32 {
		return buf, fmt.Errorf("the table of %d items is too long", len(r.parts))
	}
	le.PutUint32(buf[start+preambleLen:], uint32(len(buf)-start))
	return buf, nil
}

// checkPreamble tells from the first bytes of a file whether this version reads it.
func checkPreamble(raw []byte) error {
	le := binary.LittleEndian
	switch {
	case len(raw) < preambleLen:
		return damaged("it has %d bytes", len(raw))
	case string(raw[:len(magic)]) != magic || le.Uint32(raw[12:]) != crc32.Checksum(raw[:12], castagnoli):
		return damaged("it does not begin as a batch does")
	}
	switch v := le.Uint32(raw[8:]); {
	case v > version:
		return fmt.Errorf("%w: format %d, and this version reads up to %d", ErrNewer, v, version)
	case v == 0:
		return damaged("format 0")
	}
	return nil
}

// decode reads a file. It takes exactly what was made by appendHeader, a payload and its CRC. What
// it returns shares no memory with raw but for the payload; parts are appended to r.parts. It
// allocates at most eight times the file's size, where that is all table.
func decode(raw []byte, r *record) (payload []byte, err error) {
	if err := checkPreamble(raw); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	if len(raw) < fixedLen+crcLen {
		return nil, damaged("it has %d bytes", len(raw))
	}
	header, body := uint64(le.Uint32(raw[16:])), le.Uint64(raw[24:])
	if rest := uint64(len(raw) - crcLen); header < fixedLen || header > rest || body != rest-header {
		return nil, damaged("a header of %d bytes and a payload of %d in a file of %d", header, body, len(raw))
	}
	sum := len(raw) - crcLen
	if got, want := crc32.Checksum(raw[:sum], castagnoli), le.Uint32(raw[sum:]); got != want {
		return nil, damaged("its CRC is %08x and says %08x", got, want)
	}
	payload = raw[header:sum:sum]
	created, charge := le.Uint64(raw[40:]), le.Uint64(raw[48:])
	if created > math.MaxInt64 || charge > math.MaxInt || le.Uint16(raw[62:]) != 0 {
		return nil, damaged("its header is out of range")
	}
	r.seq, r.created, r.charge = le.Uint64(raw[32:]), int64(created), int(charge)
	rest := raw[fixedLen:header]
	for i, text := range []*string{&r.key, &r.contentType, &r.contentEncoding} {
		n := int(le.Uint16(raw[56+2*i:]))
		if n > len(rest) || n > maxText {
			return nil, damaged("a text of %d bytes", n)
		}
		*text, rest = string(rest[:n]), rest[n:]
	}
	room := uint64(math.MaxInt)
	if r.contentEncoding == "" {
		room = uint64(len(payload))
	}
	return payload, r.table(rest, le.Uint32(raw[20:]), room)
}

// table reads where the items are: n of them, which end at most at room.
func (r *record) table(rest []byte, n uint32, room uint64) error {
	if uint64(len(rest)) < 2*uint64(n) {
		return damaged("%d items in a table of %d bytes", n, len(rest))
	}
	if free := cap(r.parts) - len(r.parts); free < int(n) {
		r.parts = append(make([]pipeline.Part, 0, len(r.parts)+int(n)), r.parts...)
	}
	end := uint64(0)
	for range n {
		var step [2]uint64
		for i := range step {
			v, size := binary.Uvarint(rest)
			if size <= 0 || size > 1 && rest[size-1] == 0 || v > room-end {
				return damaged("its table is not one")
			}
			rest, end, step[i] = rest[size:], end+v, end+v
		}
		r.parts = append(r.parts, pipeline.Part{From: int(step[0]), To: int(step[1])})
	}
	if len(rest) > 0 {
		return damaged("%d bytes after its table", len(rest))
	}
	return nil
}
