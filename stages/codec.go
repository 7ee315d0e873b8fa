package stages

import "encoding/json"

// Codec writes items into the body that [Encode] makes of a batch. All its methods append to buf
// and return it; they do not keep it. Under [pipeline.Workers] they are called concurrently.
//
// A body is what AppendOpen appends, then each item, then what AppendClose appends. So that a
// body can be cut between any two items, AppendOpen and AppendClose always append the same, and
// AppendItem appends what stands between two items, always the same too, and then what it would
// append if the item were the first. [github.com/tailrace-go/tailrace/span.Format] is a codec of
// spans, [JSON] one of anything.
type Codec[T any] interface {
	// ContentType is the media type of a body, as in HTTP.
	ContentType() string
	AppendOpen(buf []byte) []byte
	// AppendItem appends an item; first says that no other is in the body yet. After an error
	// the item fails alone, and what was appended is taken back.
	AppendItem(buf []byte, item T, first bool) ([]byte, error)
	AppendClose(buf []byte) []byte
}

// JSON is a codec for items of any type, by encoding/json: an array of them or, with Lines, one a
// line (NDJSON). For spans, span.Format is many times faster.
type JSON[T any] struct{ Lines bool }

// ContentType implements [Codec].
func (j JSON[T]) ContentType() string {
	if j.Lines {
		return "application/x-ndjson"
	}
	return "application/json"
}

// AppendOpen implements [Codec].
func (j JSON[T]) AppendOpen(buf []byte) []byte {
	if j.Lines {
		return buf
	}
	return append(buf, '[')
}

// AppendItem implements [Codec].
func (j JSON[T]) AppendItem(buf []byte, item T, first bool) ([]byte, error) {
	text, err := json.Marshal(item)
	if err != nil {
		return buf, err
	}
	if j.Lines {
		return append(append(buf, text...), '\n'), nil
	}
	if !first {
		buf = append(buf, ',')
	}
	return append(buf, text...), nil
}

// AppendClose implements [Codec].
func (j JSON[T]) AppendClose(buf []byte) []byte {
	if j.Lines {
		return buf
	}
	return append(buf, ']')
}
