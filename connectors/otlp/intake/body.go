package intake

import (
	"bytes"
	"fmt"
	"io"
)

// AcceptEncoding lists what [Body] takes, for the header of that name in every answer.
const AcceptEncoding = "gzip, zstd"

// maxWindow bounds what a zstd frame may make its decoder hold: RFC 9659 lets HTTP use no more.
const maxWindow = 8 << 20

// Body reads r to its end and returns it in plain; the bytes are the caller's. contentEncoding is the header's value:
// empty or identity, gzip, or zstd, and no two of them. gzip is one member and zstd one frame: what follows either is
// an error, so that nobody's spans are passed over in silence.
//
// The error matches [ErrTooLarge] when the body exceeds MaxWireBytes (if compressed) or MaxBodyBytes, [ErrEncoding]
// for another encoding, and [ErrBody] for one that is broken or cut off; anything else is what r said. No ratio is too
// high: an honest batch may shrink to a hundredth and more. While it reads, Body may hold three times what has come;
// then the body as it came and in plain, and a decoder's window of at most 8 MiB. A server that bounds all of that
// uses [WireLimit], [PlainSize] and [Unpacker] instead. Nothing is left running.
func Body(r io.Reader, contentEncoding string, limits Limits) ([]byte, error) {
	most, name, err := WireLimit(contentEncoding, limits)
	if err != nil {
		return nil, err
	}
	wire, err := readAll(r, most, name)
	if err != nil {
		return nil, err
	}
	return new(Unpacker).Unpack(wire, contentEncoding, limits)
}

// readAll reads to the end, or one byte more than the limit. It grows with what comes, not with what is promised.
func readAll(r io.Reader, limit int, name string) ([]byte, error) {
	var b bytes.Buffer
	switch n, err := b.ReadFrom(io.LimitReader(r, int64(limit)+1)); {
	case n > int64(limit):
		return nil, fmt.Errorf("%w: %s is %d", ErrTooLarge, name, limit)
	case err != nil:
		return nil, err
	}
	return b.Bytes(), nil
}
