package decode

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// errFrame is what a body that begins as no zstd frame is.
var errFrame = errors.New("not a zstd frame")

// frame reads exactly one zstd frame from r, as its headers lay it out, and leaves r behind it. It checks no more than
// that: the decoder that reads it does.
//
// The format: RFC 8878, section 3.1.1.
type frame struct {
	r        *bufio.Reader
	header   [18]byte // magic 4, descriptor 1, window 1, dictionary 4, size 8
	ready    []byte   // header bytes still to be read
	block    int      // bytes of the block's content still to be read
	last     bool     // no block follows this one
	checksum bool     // four bytes follow the last block
	err      error
}

func (f *frame) Read(p []byte) (int, error) {
	for len(f.ready) == 0 && f.block == 0 {
		if f.err == nil {
			f.err = f.next()
		}
		if f.err != nil {
			return 0, f.err
		}
	}
	if len(f.ready) > 0 {
		n := copy(p, f.ready)
		f.ready = f.ready[n:]
		return n, nil
	}
	n, err := f.r.Read(p[:min(len(p), f.block)])
	f.block -= n
	return n, noEnd(err)
}

// next reads the header of a block or what follows the last one, or finds the end.
func (f *frame) next() error {
	switch {
	case !f.last:
		if err := f.take(0, 3); err != nil {
			return err
		}
		h := int(f.ready[0]) | int(f.ready[1])<<8 | int(f.ready[2])<<16
		f.last = h&1 == 1
		f.block = h >> 3
		if h>>1&3 == 1 { // one byte, to be repeated
			f.block = 1
		}
		return nil
	case f.checksum:
		f.checksum = false
		return f.take(0, 4)
	}
	return io.EOF
}

// open reads the frame's header, before all else.
func (f *frame) open() error {
	if err := f.take(0, 5); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(f.header[:]) != 0xFD2FB528 {
		return errFrame
	}
	descriptor := f.header[4]
	f.checksum = descriptor&4 != 0
	single := descriptor&0x20 != 0
	rest := [4]int{0, 1, 2, 4}[descriptor&3] + [4]int{0, 2, 4, 8}[descriptor>>6]
	if !single || descriptor>>6 == 0 { // the window, or a size of one byte in its place
		rest++
	}
	return f.take(5, rest)
}

// take reads n header bytes to header[at:] and makes all up to there ready.
func (f *frame) take(at, n int) error {
	if _, err := io.ReadFull(f.r, f.header[at:at+n]); err != nil {
		return noEnd(err)
	}
	f.ready = f.header[:at+n]
	return nil
}

// noEnd is an error for data that stops in the middle of a frame.
func noEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
