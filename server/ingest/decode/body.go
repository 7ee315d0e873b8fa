package decode

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
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
// high: an honest batch may shrink to a hundredth and more. While it reads, Body may hold three times what has come, and
// a decoder's window of at most 8 MiB; a server bounds how many it reads at once. Nothing is left running.
func Body(r io.Reader, contentEncoding string, limits Limits) ([]byte, error) {
	l, err := limits.WithDefaults()
	if err != nil {
		return nil, err
	}
	switch strings.ToLower(strings.Trim(contentEncoding, " \t")) {
	case "", "identity":
		return readAll(r, l.MaxBodyBytes, "MaxBodyBytes")
	case "gzip", "x-gzip":
		return l.decompress(r, openGzip)
	case "zstd":
		return l.decompress(r, openZstd)
	}
	return nil, ErrEncoding
}

// decompress keeps apart what the sender's connection said and what the decoder says about its bytes: the one is
// nobody's fault, the other a 400.
func (l Limits) decompress(r io.Reader, open func(*bufio.Reader) (io.Reader, func(), error)) ([]byte, error) {
	wire := &wireReader{r: r, room: l.MaxWireBytes}
	buffered := bufio.NewReader(wire)
	plain, done, err := open(buffered)
	if err != nil {
		return nil, wire.judge(err)
	}
	defer done()
	body, err := readAll(plain, l.MaxBodyBytes, "MaxBodyBytes")
	if errors.Is(err, ErrTooLarge) {
		return nil, err
	}
	if err != nil {
		return nil, wire.judge(err)
	}
	switch _, err := buffered.ReadByte(); {
	case err == nil:
		return nil, fmt.Errorf("%w: bytes after the end of the compressed data", ErrBody)
	case !errors.Is(err, io.EOF):
		return nil, wire.judge(err)
	}
	return body, nil
}

func openGzip(r *bufio.Reader) (io.Reader, func(), error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, nil, err
	}
	z.Multistream(false)
	return z, func() {}, nil
}

// openZstd cuts the one frame out by its headers, since a decoder reads ahead and takes frame after frame.
func openZstd(r *bufio.Reader) (io.Reader, func(), error) {
	f := &frame{r: r}
	if err := f.open(); err != nil { // the decoder takes a body that ends here for an empty one
		return nil, nil, err
	}
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, nil, err
	}
	return z, z.Close, nil
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

// wireReader passes on at most room bytes, and remembers why it ended.
type wireReader struct {
	r    io.Reader
	room int
	err  error // other than the end
}

func (w *wireReader) Read(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.r.Read(p[:min(len(p), w.room+1)])
	if n > w.room {
		n, err = w.room, fmt.Errorf("%w: compressed, and MaxWireBytes is reached", ErrTooLarge)
	}
	w.room -= n
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// judge turns the error of a decoder into one of ours.
func (w *wireReader) judge(err error) error {
	switch {
	case w.err != nil:
		return w.err
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return fmt.Errorf("%w: %w", ErrBody, err)
}
