package intake

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// coding is how a body is compressed.
type coding uint8

const (
	codingNone coding = iota
	codingGzip
	codingZstd
)

func codingOf(contentEncoding string) (coding, error) {
	switch strings.ToLower(strings.Trim(contentEncoding, " \t")) {
	case "", "identity":
		return codingNone, nil
	case "gzip", "x-gzip":
		return codingGzip, nil
	case "zstd":
		return codingZstd, nil
	}
	return 0, ErrEncoding
}

// WireLimit is how many bytes a body with this Content-Encoding may have as it arrives, and the name of the limit. The
// error matches [ErrEncoding] or [ErrConfig].
func WireLimit(contentEncoding string, limits Limits) (bytes int, name string, err error) {
	l, err := limits.WithDefaults()
	if err != nil {
		return 0, "", err
	}
	switch c, err := codingOf(contentEncoding); {
	case err != nil:
		return 0, "", err
	case c == codingNone:
		return l.MaxBodyBytes, "MaxBodyBytes", nil
	}
	return l.MaxWireBytes, "MaxWireBytes", nil
}

// PlainSize says how many bytes a body that has arrived whole will take in plain, at the most, and no more than
// MaxBodyBytes: a server that knows it beforehand can see to the room. Nothing is unpacked: gzip tells it in its last
// four bytes, zstd in its first ones or by its blocks. [Unpacker.Unpack] refuses a body that has more.
//
// The error matches [ErrTooLarge] for a body that says itself that it is, [ErrEncoding], or [ErrBody] for one that is
// cut off or is something else.
func PlainSize(wire []byte, contentEncoding string, limits Limits) (int, error) {
	l, err := limits.WithDefaults()
	if err != nil {
		return 0, err
	}
	c, err := codingOf(contentEncoding)
	if err != nil {
		return 0, err
	}
	var z zstdLayout
	switch c {
	case codingGzip:
		z.plain, err = gzipSize(wire)
		z.least = z.plain
	case codingZstd:
		z, err = layout(wire)
	default:
		z.plain, z.least = uint64(len(wire)), uint64(len(wire))
	}
	switch limit := uint64(l.MaxBodyBytes); {
	case err != nil:
		return 0, err
	case z.least > limit:
		return 0, tooLarge(l.MaxBodyBytes)
	default:
		return int(min(z.plain, limit)), nil
	}
}

// gzipSize is what a body of one member says at its end, modulo 1<<32. One that lies does not unpack.
func gzipSize(wire []byte) (uint64, error) {
	const least = 18 // header and trailer
	if len(wire) < least {
		return 0, fmt.Errorf("%w: gzip: %w", ErrBody, io.ErrUnexpectedEOF)
	}
	return uint64(binary.LittleEndian.Uint32(wire[len(wire)-4:])), nil
}

// zstdLayout is what the headers of a zstd frame say, without a look at what is compressed.
type zstdLayout struct {
	plain uint64 // bytes it has at most
	least uint64 // and at least
	exact bool   // it says so itself
	end   int    // of the frame in its bytes
}

// layout walks over the headers of the frame that wire begins with.
//
// The format: RFC 8878, section 3.1.1.
func layout(wire []byte) (z zstdLayout, err error) {
	cut := fmt.Errorf("%w: zstd: %w", ErrBody, io.ErrUnexpectedEOF)
	var header zstd.Header
	switch err := header.Decode(wire[:min(len(wire), zstd.HeaderMaxSize)]); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return z, cut
	case err != nil:
		return z, fmt.Errorf("%w: %w", ErrBody, err)
	case header.Skippable:
		return z, fmt.Errorf("%w: zstd: a frame to be skipped", ErrBody)
	}
	const mostBlock = 128 << 10
	z.end, z.exact = header.HeaderSize, header.HasFCS
	for last := false; !last; {
		if len(wire)-z.end < 3 {
			return z, cut
		}
		h := int(wire[z.end]) | int(wire[z.end+1])<<8 | int(wire[z.end+2])<<16
		last = h&1 == 1
		size := h >> 3
		z.end += 3
		switch h >> 1 & 3 {
		case 0:
			z.plain += uint64(size)
			z.least += uint64(size)
			z.end += size
		case 1: // one byte, to be repeated
			z.plain += uint64(size)
			z.least += uint64(size)
			z.end++
		case 2:
			z.plain += mostBlock
			z.end += size
		default:
			return z, fmt.Errorf("%w: zstd: a reserved kind of block", ErrBody)
		}
	}
	if header.HasCheckSum {
		z.end += 4
	}
	if z.end > len(wire) {
		return z, cut
	}
	if header.HasFCS {
		z.plain, z.least = header.FrameContentSize, header.FrameContentSize
	}
	return z, nil
}

// Unpacker is [Body] for bodies that have arrived whole, one after the other: it uses its decoders again, and unpacks
// into memory of the size that the body says it has. The zero Unpacker works; it is for one goroutine, and holds a
// window of at most 8 MiB. It needs no closing.
type Unpacker struct {
	gzip *gzip.Reader
	zstd *zstd.Decoder
	wire bytes.Reader
}

// Unpack returns the body in plain. The bytes are the caller's; without compression, they are those of wire. The error
// matches [ErrTooLarge] for more than MaxBodyBytes, [ErrEncoding], or [ErrBody].
func (u *Unpacker) Unpack(wire []byte, contentEncoding string, limits Limits) ([]byte, error) {
	l, err := limits.WithDefaults()
	if err != nil {
		return nil, err
	}
	c, err := codingOf(contentEncoding)
	if err != nil {
		return nil, err
	}
	defer u.wire.Reset(nil) // it must not keep the body
	switch c {
	case codingGzip:
		return u.unpackGzip(wire, l.MaxBodyBytes)
	case codingZstd:
		return u.unpackZstd(wire, l.MaxBodyBytes)
	}
	if len(wire) > l.MaxBodyBytes {
		return nil, tooLarge(l.MaxBodyBytes)
	}
	return wire, nil
}

// Measure unpacks a body and keeps nothing of it, to find how long it is: for one that does not say so, of which
// [PlainSize] knows no more than that it may have all of MaxBodyBytes. The error is that of [Unpacker.Unpack].
func (u *Unpacker) Measure(wire []byte, contentEncoding string, limits Limits) (int, error) {
	l, err := limits.WithDefaults()
	if err != nil {
		return 0, err
	}
	if c, err := codingOf(contentEncoding); err != nil || c != codingZstd {
		plain, err := u.Unpack(wire, contentEncoding, limits) // the others say how long they are
		return len(plain), err
	}
	defer u.wire.Reset(nil)
	if err := u.openZstd(wire); err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, io.LimitReader(u.zstd, int64(l.MaxBodyBytes)+1))
	switch {
	case err != nil:
		return 0, judgeZstd(err)
	case n > int64(l.MaxBodyBytes):
		return 0, tooLarge(l.MaxBodyBytes)
	}
	return int(n), nil
}

func tooLarge(limit int) error { return fmt.Errorf("%w: MaxBodyBytes is %d", ErrTooLarge, limit) }

func (u *Unpacker) unpackGzip(wire []byte, limit int) ([]byte, error) {
	size, err := gzipSize(wire)
	if err != nil {
		return nil, err
	}
	u.wire.Reset(wire)
	if u.gzip == nil {
		u.gzip, err = gzip.NewReader(&u.wire)
	} else {
		err = u.gzip.Reset(&u.wire)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: gzip: %w", ErrBody, err)
	}
	u.gzip.Multistream(false)
	plain, err := fill(u.gzip, int(size), int(size), limit)
	if err != nil {
		return nil, err
	}
	if u.wire.Len() > 0 {
		return nil, errTrailing
	}
	return plain, nil
}

func (u *Unpacker) unpackZstd(wire []byte, limit int) ([]byte, error) {
	z, err := layout(wire)
	if err != nil {
		return nil, err
	}
	if z.end != len(wire) {
		return nil, errTrailing
	}
	if err := u.openZstd(wire); err != nil {
		return nil, err
	}
	most := int(min(z.plain, uint64(limit)+1))
	first := most
	if !z.exact { // its blocks may hold far less
		first = min(most, 4*len(wire)+512)
	}
	plain, err := fill(u.zstd, first, most, limit)
	if err != nil {
		return nil, judgeZstd(err)
	}
	return plain, nil
}

func (u *Unpacker) openZstd(wire []byte) (err error) {
	u.wire.Reset(wire)
	if u.zstd == nil {
		u.zstd, err = zstd.NewReader(&u.wire, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow))
	} else {
		err = u.zstd.Reset(&u.wire)
	}
	if err != nil {
		return judgeZstd(err)
	}
	return nil
}

// judgeZstd turns an error of the decoder into one of ours.
func judgeZstd(err error) error {
	switch {
	case errors.Is(err, ErrTooLarge), errors.Is(err, ErrBody) && !errors.Is(err, zstd.ErrWindowSizeExceeded):
		return err
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return fmt.Errorf("%w: %w", ErrBody, err)
}

var errTrailing = fmt.Errorf("%w: bytes after the end of the compressed data", ErrBody)

// fill reads r to its end, into memory for first bytes at once and for most of them in the end, of which limit are
// allowed.
func fill(r io.Reader, first, most, limit int) ([]byte, error) {
	room := min(most, limit) + 1 // the one more is where the end is met, or not
	plain := make([]byte, 0, min(first+1, room))
	for {
		if len(plain) == room {
			if most > limit {
				return nil, tooLarge(limit)
			}
			return nil, fmt.Errorf("%w: it has more bytes than it says", ErrBody)
		}
		if len(plain) == cap(plain) {
			grown := make([]byte, len(plain), min(2*cap(plain), room))
			copy(grown, plain)
			plain = grown
		}
		n, err := r.Read(plain[len(plain):cap(plain)])
		plain = plain[:len(plain)+n]
		switch {
		case errors.Is(err, io.EOF):
			return plain, nil
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrBody, err)
		}
	}
}
