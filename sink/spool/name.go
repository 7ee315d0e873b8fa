package spool

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/sink"
)

// The directory of a spool, and what lies in it.
const (
	lockName   = "LOCK"
	batchEnd   = ".batch"
	tmpEnd     = ".tmp"
	seqDigits  = 16
	maxBytes   = 1 << 46 // of a file; and thousands of such can be added up
	maxNameLen = seqDigits + 3*20 + 3 + len(batchEnd)
)

// nameOf is the name of an entry's file, which has all that is to be known without opening it:
//
//	<seq, 16 hex digits>-<items>-<bytes>-<created, unix seconds>.batch
//
// So names are in the order of the entries, and to open a spool is to read one directory.
func nameOf(e sink.SpoolEntry, end string) string {
	b := make([]byte, 0, maxNameLen)
	digits := strconv.FormatUint(e.Seq, 16)
	b = append(b, "0000000000000000"[len(digits):]...)
	b = append(b, digits...)
	b = strconv.AppendInt(append(b, '-'), int64(e.Items), 10)
	b = strconv.AppendInt(append(b, '-'), e.Bytes, 10)
	b = strconv.AppendInt(append(b, '-'), e.Created.Unix(), 10)
	return string(append(b, end...))
}

// entryOf reads a name back. It takes exactly what nameOf makes.
func entryOf(name, end string) (e sink.SpoolEntry, ok bool) {
	stem, ok := strings.CutSuffix(name, end)
	if !ok || len(name) > maxNameLen {
		return e, false
	}
	fields := strings.Split(stem, "-")
	if len(fields) != 4 {
		return e, false
	}
	seq, err := strconv.ParseUint(fields[0], 16, 64)
	var n [3]int64
	for i := range n {
		if err == nil {
			n[i], err = strconv.ParseInt(fields[i+1], 10, 64)
		}
	}
	if err != nil || n[0] < 0 || n[1] < 0 || n[2] < 0 || n[1] > maxBytes || int64(int(n[0])) != n[0] {
		return e, false
	}
	e = sink.SpoolEntry{Seq: seq, Items: int(n[0]), Bytes: n[1], Created: unix(n[2])}
	return e, nameOf(e, end) == name
}

// unix is the one way to make Created, so that equal entries are equal by ==.
func unix(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

// The numbers go round: of the 2^64, the last 2^32 are taken to be from before that, and so come
// first. Nobody puts so many batches; but a name can be anything.
const wrapped = 1 << 32

// place is where a number stands in the order in which entries were put.
func place(seq uint64) uint64 { return seq + wrapped }

func byAge(a, b sink.SpoolEntry) int { return cmp.Compare(place(a.Seq), place(b.Seq)) }

// follow is the number for the next entry, when next was it until an entry with seq was seen.
func follow(next, seq uint64) uint64 {
	const last = 1<<64 - wrapped // what follows those would come before all others
	if p := place(seq); p < last && p >= place(next) {
		return seq + 1
	}
	return next
}
