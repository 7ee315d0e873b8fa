package otlp

import (
	"errors"
	"io"

	"connectrpc.com/connect"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow bounds what a zstd frame may make its decoder hold: RFC 9659 lets HTTP use no more.
const maxWindow = 8 << 20

// unpacker decompresses one message and fails at the first byte too many: connect would unpack all the rest to tell how
// much it was.
type unpacker struct {
	most  int
	open  func(io.Reader) (io.Reader, func(), error)
	plain io.Reader
	done  func()
	room  int
}

var errUnpacked = connect.NewError(connect.CodeResourceExhausted, errors.New("the decompressed message is too large"))

func (u *unpacker) Reset(r io.Reader) error {
	_ = u.Close()
	plain, done, err := u.open(r)
	if err != nil {
		return errors.New("the message is not what grpc-encoding says")
	}
	u.plain, u.done, u.room = plain, done, u.most
	return nil
}

func (u *unpacker) Read(p []byte) (int, error) {
	if u.plain == nil {
		return 0, io.EOF
	}
	n, err := u.plain.Read(p[:min(len(p), u.room+1)])
	if n > u.room {
		return u.room, errUnpacked
	}
	u.room -= n
	return n, err
}

// Close lets go of the decoder, which may hold a window of some MiB: a pool keeps the rest.
func (u *unpacker) Close() error {
	if u.done != nil {
		u.done()
	}
	u.plain, u.done = nil, nil
	return nil
}

func openGzip(r io.Reader) (io.Reader, func(), error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, nil, err
	}
	return z, func() {}, nil
}

func openZstd(r io.Reader) (io.Reader, func(), error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, nil, err
	}
	return z, z.Close, nil
}

func newGzipWriter() connect.Compressor { return gzip.NewWriter(io.Discard) }

func newZstdWriter() connect.Compressor {
	z, err := zstd.NewWriter(io.Discard, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil { // only an option out of range gives one
		panic(err)
	}
	return z
}
