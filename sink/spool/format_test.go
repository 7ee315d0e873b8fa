package spool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
)

// encode is a file as Put writes it.
func encode(r *record, payload []byte) ([]byte, error) {
	buf, err := appendHeader(nil, r, len(payload))
	if err != nil {
		return nil, err
	}
	buf = append(buf, payload...)
	return binary.LittleEndian.AppendUint32(buf, crc32.Checksum(buf, castagnoli)), nil
}

var samples = []record{
	{seq: 1, key: "key", contentType: "application/json", parts: []pipeline.Part{{From: 1, To: 3}, {From: 4, To: 4}}},
	{seq: 1<<64 - 1, created: 1 << 40, charge: 1 << 30, contentEncoding: "gzip", parts: []pipeline.Part{{From: 300, To: 70_000}}},
	{},
}

// FuzzSpoolFile holds that decode takes what encode makes, and nothing else. The last byte of the
// input says whether its CRCs are put right first, so that what lies behind them is reached.
func FuzzSpoolFile(f *testing.F) {
	for _, r := range samples {
		raw, err := encode(&r, []byte("payload"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append(raw, 0))
		f.Add(append(raw, 1))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if n := len(raw) - 1; n >= 0 {
			mend := raw[n]%2 == 1
			if raw = raw[:n]; mend && n >= fixedLen+crcLen {
				raw = bytes.Clone(raw)
				binary.LittleEndian.PutUint32(raw[12:], crc32.Checksum(raw[:12], castagnoli))
				binary.LittleEndian.PutUint32(raw[n-4:], crc32.Checksum(raw[:n-4], castagnoli))
			}
		}
		var r record
		payload, err := decode(raw, &r)
		if cap(r.parts) > len(raw) {
			t.Errorf("%d bytes made room for %d items", len(raw), cap(r.parts))
		}
		if err != nil {
			if !errors.Is(err, sink.ErrSpoolDamaged) && !errors.Is(err, ErrNewer) {
				t.Errorf("decode says %v", err)
			}
			return
		}
		again, err := encode(&r, payload)
		if err != nil || !bytes.Equal(again, raw) {
			t.Errorf("taken: %x\nmade of it: %x, %v", raw, again, err)
		}
	})
}

func TestDecodeIsTheInverseOfEncode(t *testing.T) {
	for _, r := range samples {
		raw, err := encode(&r, []byte("payload"))
		if err != nil {
			t.Fatal(err)
		}
		var got record
		payload, err := decode(raw, &got)
		if err != nil || string(payload) != "payload" || !slices.Equal(got.parts, r.parts) {
			t.Fatalf("%q, parts %v, %v", payload, got.parts, err)
		}
		got.parts, r.parts = nil, nil
		if got.seq != r.seq || got.created != r.created || got.charge != r.charge ||
			got.key != r.key || got.contentType != r.contentType || got.contentEncoding != r.contentEncoding {
			t.Errorf("decoded %+v, want %+v", got, r)
		}
	}
}

// FuzzName holds that a name is read as exactly what makes it.
func FuzzName(f *testing.F) {
	f.Add("0000000000000001-2-3-4.batch")
	f.Add("ffffffffffffffff-0-0-0.batch")
	f.Fuzz(func(t *testing.T, name string) {
		if e, ok := entryOf(name, batchEnd); ok && nameOf(e, batchEnd) != name {
			t.Errorf("%q is taken for %q", name, nameOf(e, batchEnd))
		}
	})
}
