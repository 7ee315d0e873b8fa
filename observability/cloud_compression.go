package observability

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/tailrace-go/tailrace/stages"
)

// CloudCompression says how a [CloudExporter] makes requests smaller.
type CloudCompression string

// The compressions. A server that does not take the one in use gets that batch, and all later ones,
// plain.
const (
	// CompressAuto begins with gzip, and goes on with zstd when the endpoint lists that in the
	// Accept-Encoding of an answer (RFC 7694).
	CompressAuto CloudCompression = "auto"
	CompressGzip CloudCompression = "gzip"
	CompressZstd CloudCompression = "zstd"
	CompressNone CloudCompression = "none"
)

func (c CloudCompression) known() bool {
	return slices.Contains([]CloudCompression{CompressAuto, CompressGzip, CompressZstd, CompressNone}, c)
}

// first is the compression before the endpoint has said anything.
func (c CloudCompression) first() stages.Compression {
	switch c {
	case CompressNone:
		return stages.None
	case CompressZstd:
		return stages.Zstd
	}
	return stages.Gzip
}

// negotiation is the compression in use. Compressing stages ask it for each body, while senders
// tell it what the endpoint wishes.
type negotiation struct {
	wish    CloudCompression
	current atomic.Int32
	ended   atomic.Bool
}

func newNegotiation(wish CloudCompression) *negotiation {
	n := &negotiation{wish: wish}
	n.current.Store(int32(wish.first()))
	return n
}

func (n *negotiation) compression() stages.Compression {
	if n.ended.Load() {
		return stages.None
	}
	return stages.Compression(n.current.Load())
}

// end is called when there is no time for compression any more.
func (n *negotiation) end() { n.ended.Store(true) }

// hear is told which codings the endpoint takes, nil after it has refused compressed bodies.
func (n *negotiation) hear(encodings []string) {
	next := n.wish.first()
	switch {
	case encodings == nil:
		next = stages.None // the sender would send it plain anyway
	case n.wish != CompressAuto:
	case slices.Contains(encodings, stages.Zstd.Encoding()):
		next = stages.Zstd
	case !slices.Contains(encodings, stages.Gzip.Encoding()):
		next = stages.None
	}
	n.current.Store(int32(next))
}

// recompress is for the pieces of a body that was cut.
func recompress(encoding string, plain []byte) ([]byte, error) {
	for _, c := range []stages.Compression{stages.Gzip, stages.Zstd} {
		if c.Encoding() == encoding {
			return c.Append(nil, plain)
		}
	}
	return nil, fmt.Errorf("there is no compression %q", encoding)
}
