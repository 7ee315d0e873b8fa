package send

import (
	"slices"
	"sync/atomic"

	"github.com/tailrace-go/tailrace/stages"
)

// compressions are what Config.Compression may say, and what each begins with.
var compressions = map[string]stages.Compression{
	"auto": stages.Gzip,
	"gzip": stages.Gzip,
	"zstd": stages.Zstd,
	"none": stages.None,
}

// negotiation is the compression in use: by itself it begins with gzip, and follows what the endpoint says it takes.
type negotiation struct {
	auto    bool
	current atomic.Int32
}

func newNegotiation(wish string) *negotiation {
	n := &negotiation{auto: wish == "auto"}
	n.current.Store(int32(compressions[wish]))
	return n
}

func (n *negotiation) compression() stages.Compression { return stages.Compression(n.current.Load()) }

// hear is for sink.HTTPConfig.OnEncodings.
func (n *negotiation) hear(encodings []string) {
	switch {
	case encodings == nil:
		n.current.Store(int32(stages.None)) // the sender would send it plain anyway
	case !n.auto:
	case slices.Contains(encodings, stages.Zstd.Encoding()):
		n.current.Store(int32(stages.Zstd))
	case !slices.Contains(encodings, stages.Gzip.Encoding()):
		n.current.Store(int32(stages.None))
	}
}

// recompress is for the pieces of a body that was cut.
func recompress(encoding string, plain []byte) ([]byte, error) {
	if encoding == stages.Zstd.Encoding() {
		return stages.Zstd.Append(nil, plain)
	}
	return stages.Gzip.Append(nil, plain)
}
