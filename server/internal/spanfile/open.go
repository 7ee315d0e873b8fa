package spanfile

import (
	"bufio"
	"bytes"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow bounds the memory of a zstd decoder: what `zstd --long` needs, and not its --long=31.
const maxWindow = 128 << 20

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// Plain returns what r has, without its compression if that is gzip or zstd. It reads no further than it is read, and
// starts no goroutine; close is to be called at the end.
func Plain(r io.Reader) (plain io.Reader, closeIt func(), err error) {
	b := bufio.NewReaderSize(r, chunk)
	magic, _ := b.Peek(len(zstdMagic)) // a text may be shorter; any other error comes again
	switch {
	case bytes.HasPrefix(magic, gzipMagic):
		z, err := gzip.NewReader(b)
		return z, func() {}, err
	case bytes.Equal(magic, zstdMagic):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	return b, func() {}, nil
}
