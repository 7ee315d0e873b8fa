package stages

import (
	"fmt"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// Compression is a way to make bodies smaller, with its level: Gzip.Level(6). The zero value is
// None.
type Compression int32

// The compressions. Zstd is smaller than gzip at the same cost and is to be preferred where the
// receiver takes it; s2 is by far the fastest and compresses least.
const (
	None Compression = iota
	Gzip             // levels 1 to 9, 3 if none is given: RFC 1952
	Zstd             // levels 1 to 22, of which four differ; 3 if none is given: RFC 8878
	S2               // levels 1 to 3, 1 if none is given: the stream format of github.com/klauspost/compress/s2
)

// zstdWindow bounds how far back zstd looks, and so the memory of an encoder: about four times
// as much. RFC 9659 allows 8 MiB to content of HTTP.
const zstdWindow = 1 << 20

const maxLevel = 1 << 22

// Level returns c with another level. A higher one makes smaller bodies and takes longer; 0 is
// the default. One that c does not have is an error of the stage that is given it.
func (c Compression) Level(n int) Compression {
	return c&0xff | Compression(min(max(n, -maxLevel), maxLevel))<<8
}

func (c Compression) kind() Compression { return c & 0xff }
func (c Compression) level() int        { return int(c >> 8) }

// Encoding is what c is called in a Content-Encoding header: "" for None, else gzip, zstd or s2.
func (c Compression) Encoding() string {
	if c.kind() == None {
		return ""
	}
	return c.Level(0).String()
}

// Append appends src, compressed, to dst. It makes an encoder for each call, which costs more than
// a small src itself: many bodies are for [Compress]. It is safe for concurrent use.
func (c Compression) Append(dst, src []byte) ([]byte, error) {
	if err := c.check(); err != nil {
		return dst, err
	}
	packer, err := c.packer()
	if err != nil || packer == nil {
		return append(dst, src...), err
	}
	return packer.pack(dst, src)
}

// String names c and, if it has one, its level: "gzip", "zstd level 19".
func (c Compression) String() string {
	name := fmt.Sprintf("Compression(%d)", int32(c.kind()))
	switch c.kind() {
	case None:
		name = "none"
	case Gzip:
		name = "gzip"
	case Zstd:
		name = "zstd"
	case S2:
		name = "s2"
	}
	if n := c.level(); n != 0 {
		name += fmt.Sprintf(" level %d", n)
	}
	return name
}

func (c Compression) check() error {
	most := 0
	switch c.kind() {
	case None:
	case Gzip:
		most = gzip.BestCompression
	case Zstd:
		most = 22
	case S2:
		most = 3
	default:
		return fmt.Errorf("there is no %v", c.Level(0))
	}
	n := c.level()
	if n != 0 && most == 0 {
		return fmt.Errorf("%v has no levels", c.Level(0))
	}
	if n < 0 || n > most {
		return fmt.Errorf("%v has no level %d: they go from 1 to %d", c.Level(0), n, most)
	}
	return nil
}

// packer compresses one body after the other.
type packer interface {
	// pack appends src, compressed, to dst.
	pack(dst, src []byte) ([]byte, error)
}

// packer returns the encoder of a c that check has approved. It starts no goroutine, and needs
// no closing.
func (c Compression) packer() (packer, error) {
	switch c.kind() {
	case Gzip:
		level := c.level()
		if level == 0 {
			level = 3
		}
		w, err := gzip.NewWriterLevel(nil, level)
		return &streamPacker{w: w}, err
	case Zstd:
		level := zstd.SpeedDefault
		if n := c.level(); n != 0 {
			level = zstd.EncoderLevelFromZstd(n)
		}
		w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(zstdWindow), zstd.WithZeroFrames(true))
		return zstdPacker{w}, err
	case S2:
		opts := []s2.WriterOption{s2.WriterConcurrency(1)}
		switch c.level() {
		case 2:
			opts = append(opts, s2.WriterBetterCompression())
		case 3:
			opts = append(opts, s2.WriterBestCompression())
		}
		return &streamPacker{w: s2.NewWriter(nil, opts...)}, nil
	}
	return nil, nil
}

// streamPacker is a packer by an encoder that writes to an io.Writer.
type streamPacker struct {
	w   stream
	buf appender
}

type appender []byte

func (a *appender) Write(p []byte) (int, error) {
	*a = append(*a, p...)
	return len(p), nil
}

func (p *streamPacker) pack(dst, src []byte) ([]byte, error) {
	p.buf = dst
	p.w.Reset(&p.buf)
	_, err := p.w.Write(src)
	if err == nil {
		err = p.w.Close()
	}
	dst, p.buf = p.buf, nil
	return dst, err
}

type zstdPacker struct{ *zstd.Encoder }

func (p zstdPacker) pack(dst, src []byte) ([]byte, error) { return p.EncodeAll(src, dst), nil }
