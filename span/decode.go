package span

import (
	"errors"
	"fmt"
)

// Decoder reads span records of both generations. Its zero value has the default limits, and may be used by many
// goroutines at once.
//
// Of the keys that say the same, spanId, spanType, startedAt, endedAt and error are taken before id, type, startTime,
// endTime and errorInfo; of a key given twice, the last. null is the same as no key. Ids and types are kept as they
// are, {} in place of a date is no date, and text that is not UTF-8 or has half a surrogate pair gets U+FFFD in its
// place. A record needs a trace id and a span id, and a known key needs a value of its type; everything else is kept,
// up to 256 unknown keys. A span that names its agent, tool, workflow or step in an attribute, as 0.x does, gets it as
// its entity too.
//
// Decoded spans are frozen, and have [Span.Nanos] if a start or end has more than milliseconds. They share no memory with the input.
type Decoder struct {
	MaxRecordBytes int // bytes of one record, as it stands in its body; 0 means 16 MiB
	MaxDepth       int // arrays and objects inside one another in a value; 0 means 128, which is the most
	MaxSpans       int // records of one body; 0 means 50,000
}

func (d Decoder) withDefaults() Decoder {
	if d.MaxRecordBytes <= 0 {
		d.MaxRecordBytes = 16 << 20
	}
	if d.MaxDepth <= 0 || d.MaxDepth > maxDepth {
		d.MaxDepth = maxDepth
	}
	if d.MaxSpans <= 0 {
		d.MaxSpans = 50_000
	}
	return d
}

// RecordError is one record of a body that could not be read.
type RecordError struct {
	Index int    // of the record in its body, from 0
	Field string // the record's key, such as startedAt; "record" for the record itself
	Err   error
}

func (e *RecordError) Error() string {
	return fmt.Sprintf("span: record %d: %s: %v", e.Index, e.Field, e.Err)
}

// Unwrap returns the reason.
func (e *RecordError) Unwrap() error { return e.Err }

// ErrFieldType is matched by the error of a field whose value has a wrong JSON type. A field may fail by [ErrSyntax],
// [ErrTooDeep], [ErrTooLarge], [ErrMissing] and [ErrDate] too.
var ErrFieldType = errors.New("value of a wrong type")

// ErrBody is matched by the error of a body that is not {"spans":[…]}.
var ErrBody = errors.New(`span: body is not {"spans":[…]}`)

// DecodeBody reads a body with the default limits, see [Decoder.Body].
func DecodeBody(body []byte) (spans []*Span, bad []*RecordError, err error) {
	return Decoder{}.Body(body)
}

// DecodeRecord reads one record with the default limits, see [Decoder.Record].
func DecodeRecord(line []byte) (*Span, error) { return Decoder{}.Record(line) }

// Record reads one record, such as a line of NDJSON; space around it is allowed. The error is a [*FieldError].
func (d Decoder) Record(line []byte) (*Span, error) {
	r := reader{Decoder: d.withDefaults(), compactor: compactor{src: view(line)}}
	r.space()
	s, err := r.record()
	if err != nil {
		return nil, err
	}
	if r.space(); r.pos != len(r.src) {
		return nil, &FieldError{Field: "record", Err: r.syntax("text after the record")}
	}
	return s, nil
}

// Body reads {"spans":[…]}; other keys beside spans are passed over. A record that cannot be read is reported in bad and
// costs none of its neighbours, as long as its brackets and quotes balance. err is set when the body itself is broken,
// and matches [ErrBody] or [ErrTooLarge]; spans and bad are then what was read before the fault.
func (d Decoder) Body(body []byte) (spans []*Span, bad []*RecordError, err error) {
	r := reader{Decoder: d.withDefaults(), compactor: compactor{src: view(body)}}
	broken := func(err error) ([]*Span, []*RecordError, error) {
		return spans, bad, fmt.Errorf("%w: %w", ErrBody, err)
	}
	r.space()
	if r.peek() != '{' {
		return broken(r.syntax("want an object"))
	}
	r.pos++
	if r.space(); r.peek() == '}' {
		return broken(&FieldError{Field: "spans", Err: ErrMissing})
	}
	seen := false
	for more := true; more; {
		r.space()
		key, err := r.memberKey()
		if err != nil {
			return broken(err)
		}
		if key != "spans" {
			r.out = r.out[:0]
			err = r.value(r.MaxDepth)
		} else {
			seen = true
			spans, bad, err = r.records()
		}
		if err != nil {
			if errors.Is(err, ErrTooLarge) {
				return spans, bad, err
			}
			return broken(err)
		}
		if more, err = r.next('}'); err != nil {
			return broken(err)
		}
	}
	if !seen {
		return broken(&FieldError{Field: "spans", Err: ErrMissing})
	}
	if r.space(); r.pos != len(r.src) {
		return broken(r.syntax("text after the body"))
	}
	return spans, bad, nil
}

// reader takes records apart. out is its scratch: each record is compacted into it, and what is worth keeping is then
// copied into one string that the span's texts and values are cut from.
type reader struct {
	Decoder
	compactor
}

// memberKey takes a key and its colon. The result may lie in out, where it stays, and is valid until out is cut.
func (r *reader) memberKey() (string, error) {
	if r.peek() != '"' {
		return "", r.syntax("want a key")
	}
	mark := len(r.out)
	if err := r.text(); err != nil {
		return "", err
	}
	return unquote(view(r.out[mark+1 : len(r.out)-1])), r.colon()
}

// records takes the array of records. Its error is about the array, not about a record.
func (r *reader) records() (spans []*Span, bad []*RecordError, err error) {
	if r.peek() == 'n' {
		return nil, nil, r.word("null")
	}
	if r.peek() != '[' {
		return nil, nil, &FieldError{Field: "spans", Err: ErrFieldType}
	}
	r.pos++
	if r.space(); r.peek() == ']' {
		r.pos++
		return nil, nil, nil
	}
	for index := 0; ; index++ {
		if index == r.MaxSpans {
			return spans, bad, &FieldError{Field: "spans", Err: fmt.Errorf("%w: more than %d records", ErrTooLarge, r.MaxSpans)}
		}
		r.space()
		start := r.pos
		s, fault := r.record()
		if fault != nil {
			end := skipValue(r.src, start)
			if end == start {
				return spans, bad, r.syntax("record without an end")
			}
			r.pos = end
			bad = append(bad, &RecordError{Index: index, Field: fault.Field, Err: fault.Err})
		} else {
			spans = append(spans, s)
		}
		more, err := r.next(']')
		if err != nil || !more {
			return spans, bad, err
		}
	}
}
