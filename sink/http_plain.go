package sink

import (
	"errors"
	"fmt"

	"github.com/tailrace-go/tailrace/pipeline"
)

// plainSlack is how much a body may have beyond its last item, in bytes.
const plainSlack = 64 << 10

// canUnpack reports whether a body's plain bytes are there, or can be had.
func (s *HTTPSender) canUnpack(b *pipeline.Body) bool {
	return b.Plain != nil || s.cfg.Decompress != nil && len(b.Parts) > 0 && b.ContentEncoding != ""
}

// divisible reports whether a body can be cut.
func (s *HTTPSender) divisible(b *pipeline.Body) bool { return len(b.Parts) > 1 && s.canUnpack(b) }

// unpacked returns the plain bytes of a body for which canUnpack is true.
func (s *HTTPSender) unpacked(b *pipeline.Body) ([]byte, error) {
	if b.Plain != nil {
		return b.Plain, nil
	}
	end := b.Parts[len(b.Parts)-1].To
	plain, err := s.cfg.Decompress(b.ContentEncoding, b.Data, end+plainSlack)
	switch {
	case err != nil:
		return nil, fmt.Errorf("HTTPConfig.Decompress: %w", err)
	case len(plain) < end:
		return nil, errors.New("HTTPConfig.Decompress: there are fewer bytes than items take")
	}
	return plain, nil
}

// unpack sees to it that a body has its plain bytes.
func (s *HTTPSender) unpack(b *pipeline.Body) (err error) {
	b.Plain, err = s.unpacked(b)
	return err
}

// plainSize is the size of a body's plain bytes, as far as it is known.
func plainSize(b *pipeline.Body) int {
	if b.Plain == nil && len(b.Parts) > 0 {
		return b.Parts[len(b.Parts)-1].To
	}
	return len(b.Plain)
}
