package stages

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/tailrace-go/tailrace/pipeline"
)

// DecompressConfig bounds what a body may grow to. Its zero value works.
type DecompressConfig struct {
	MaxBytes int // of a body when it is decoded; 0 means 64 MiB
}

func (c DecompressConfig) withDefaults() (DecompressConfig, error) {
	if c.MaxBytes == 0 {
		c.MaxBytes = 64 << 20
	}
	if c.MaxBytes < 0 {
		return c, fmt.Errorf("%w: DecompressConfig.MaxBytes is negative: %d", pipeline.ErrConfig, c.MaxBytes)
	}
	return c, nil
}

// Decompress undoes [Compress], for tests and for servers: Data and Plain are then both the
// decoded bytes, and ContentEncoding is empty. A body that cannot be decoded is failed, under the
// reason too_large if it would be larger than MaxBytes. Like Compress, it changes the bodies.
//
// A body weighs as many items as it has Parts. For bytes whose items are not known, as a server
// gets them, use a [Decompressor].
func Decompress(cfg DecompressConfig) pipeline.Stage[*pipeline.Body, *pipeline.Body] {
	if _, err := NewDecompressor(cfg); err != nil {
		return pipeline.BadStage[*pipeline.Body, *pipeline.Body]("decompress", err)
	}
	return pipeline.Fuse(func(in *pipeline.In[*pipeline.Body], out *pipeline.Out[*pipeline.Body]) func(**pipeline.Body) {
		d, bad := NewDecompressor(cfg)
		var free freeList[coat]
		return func(item **pipeline.Body) {
			body, err := *item, bad
			if body.ContentEncoding != "" && err == nil {
				coat := newCoat(&free)
				if coat.buf, err = d.Append(coat.buf, body.Data, body.ContentEncoding); err == nil {
					coat.cover(body)
					body.Plain, body.ContentEncoding = body.Data, ""
				} else {
					free.put(coat, cap(coat.buf))
				}
			}
			if err != nil {
				in.Failed(item, err)
				return
			}
			out.Push(item)
		}
	}).Named("decompress").InPlace()
}

// Decompressor decodes what arrives with a Content-Encoding, and trusts it no further than its
// limit: memory grows with what was decoded, not with the size that a header promises. Beside that
// a decoder may need some to begin with: up to 8 MiB for zstd, the window that RFC 9659 allows, and
// 4 MiB for s2. It is kept for the next call. A Decompressor is for one goroutine at a time.
type Decompressor struct {
	max  int
	src  bytes.Reader
	gzip *gzip.Reader
	zstd *zstd.Decoder
	s2   *s2.Reader
}

// zstdMaxWindow is what RFC 9659 allows in HTTP.
const zstdMaxWindow = 8 << 20

// NewDecompressor makes a Decompressor. Its decoders are made when they are first needed, start
// no goroutine, and need no closing. The error matches [pipeline.ErrConfig].
func NewDecompressor(cfg DecompressConfig) (*Decompressor, error) {
	cfg, err := cfg.withDefaults()
	return &Decompressor{max: cfg.MaxBytes}, err
}

// Append appends data, decoded, to dst and returns it. encoding is what a Content-Encoding header
// says: gzip, zstd, s2, or identity, which is also what "" means. Errors match [ErrTooLarge] if
// there are more bytes than the limit, [ErrEncoding] if encoding is none of these, and
// [io.ErrUnexpectedEOF] if the end of gzip or zstd is missing; s2 has no end that could be. On an
// error dst is returned as it was.
func (d *Decompressor) Append(dst, data []byte, encoding string) ([]byte, error) {
	d.src.Reset(data)
	defer d.src.Reset(nil)
	r, err := d.reader(strings.ToLower(strings.TrimSpace(encoding)))
	if err != nil {
		return dst, fmt.Errorf("stages: %.40q: %w", encoding, err)
	}
	out, err := d.read(dst, r)
	if err == nil {
		return out, nil
	}
	if !errors.Is(err, ErrTooLarge) {
		err = fmt.Errorf("stages: %.40q: %w", encoding, err)
	}
	return dst, err
}

// reader returns what decodes d.src.
func (d *Decompressor) reader(encoding string) (io.Reader, error) {
	switch encoding {
	case "", "identity":
		return &d.src, nil
	case "gzip", "x-gzip":
		if d.gzip == nil {
			d.gzip = new(gzip.Reader)
		}
		return starter{d.gzip, unexpected(d.gzip.Reset(&d.src))}, nil
	case "zstd":
		if d.zstd == nil {
			z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdMaxWindow),
				zstd.WithDecoderLowmem(true), zstd.WithDecodeBuffersBelow(0))
			if err != nil {
				return nil, err
			}
			d.zstd = z
		}
		if d.src.Len() == 0 {
			return nil, io.ErrUnexpectedEOF // to the decoder, no frames are a whole stream
		}
		return starter{d.zstd, unexpected(d.zstd.Reset(&d.src))}, nil
	case "s2":
		if d.s2 == nil {
			d.s2 = s2.NewReader(nil)
		}
		d.s2.Reset(&d.src)
		return d.s2, nil
	}
	return nil, ErrEncoding
}

// unexpected is err where an end is one too early.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// starter is a decoder that may have met an error before its first byte.
type starter struct {
	io.Reader
	err error
}

func (s starter) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	return s.Reader.Read(p)
}

// read appends what r yields to dst, and asks for no more than one byte beyond the limit.
func (d *Decompressor) read(dst []byte, r io.Reader) ([]byte, error) {
	for start := len(dst); ; {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		room, left := cap(dst)-len(dst), d.max-(len(dst)-start)
		if room-1 > left {
			room = left + 1
		}
		n, err := r.Read(dst[len(dst) : len(dst)+room])
		dst = dst[:len(dst)+n]
		switch {
		case len(dst)-start > d.max:
			return dst, pipeline.WithReason(pipeline.ReasonTooLarge,
				fmt.Errorf("%w: a body has more than DecompressConfig.MaxBytes of %d bytes when decoded", ErrTooLarge, d.max))
		case errors.Is(err, io.EOF):
			return dst, nil
		case err != nil:
			return dst, err
		}
	}
}
