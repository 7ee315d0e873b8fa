package decode

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// RecordBatch is what a body of logs, metrics, scores or feedback holds: every record that was sent is in one of the
// two lists. Both are the caller's and share no memory with the body.
type RecordBatch struct {
	Items    []store.Record     // in the order they were sent
	Rejected []intake.Rejection // in the order they were sent
	Cut      int                // items of which something was cut, with a mark where
	Unlinked int                // items whose trace id was none: they are kept without a trace
}

// Records reads {"logs":[…]}, {"metrics":[…]}, {"scores":[…]} or {"feedback":[…]} of Mastra 1.x; an empty list is fine.
//
// A record needs its id, and a metric its name and value, a score its scorer and score, a feedback its type and value; a
// known key needs a value of its type, and null is the same as no key. Where a record has no trace or span of its own,
// that of its correlation context counts. A trace id that is none (no-op-trace is one such) leaves the record without a
// trace, since it says something all the same; a bad span id leaves it to the whole trace. Keys that are deprecated fill
// in for the ones that took their place, and unknown keys go into the metadata where these have none of that name.
//
// Limits apply as in [Spans]. The error is about the body as a whole and matches [intake.ErrBody], or
// [intake.ErrTooLarge] for more than MaxRecords.
func Records(kind store.Kind, body []byte, limits intake.Limits) (RecordBatch, error) {
	l, err := limits.WithDefaults()
	if err != nil {
		return RecordBatch{}, err
	}
	if kind < store.KindLog || kind > store.KindFeedback {
		return RecordBatch{}, fmt.Errorf("%w: kind %d is none of a record", intake.ErrConfig, kind)
	}
	split := splitter{intake.Scanner{Text: unsafe.String(unsafe.SliceData(body), len(body))}} //nolint:gosec // only read, and not kept
	pieces, err := split.array(segments[kind], l.MaxRecords)
	if err != nil {
		return RecordBatch{}, err
	}
	batch := RecordBatch{Items: make([]store.Record, 0, len(pieces))}
	for i, p := range pieces {
		r := recordReader{limits: l, record: store.Record{Kind: kind}}
		if r.read(p); r.bad != nil {
			r.bad.Index = i
			batch.Rejected = append(batch.Rejected, *r.bad)
			continue
		}
		if r.cut {
			batch.Cut++
		}
		if r.unlinked {
			batch.Unlinked++
		}
		batch.Items = append(batch.Items, r.record)
	}
	return batch, nil
}

// segments are the keys of the bodies, which are also the segments of the routes.
var segments = [...]string{
	store.KindLog:      "logs",
	store.KindMetric:   "metrics",
	store.KindScore:    "scores",
	store.KindFeedback: "feedback",
}

// recordReader makes one record. The first fault stays.
type recordReader struct {
	limits   intake.Limits
	record   store.Record
	fields   map[string]span.Value // what is not taken yet
	order    []string
	bad      *intake.Rejection
	cut      bool
	unlinked bool
}

func (r *recordReader) fail(field string, reason intake.Reason) {
	if r.bad == nil {
		r.bad = &intake.Rejection{Field: field, Reason: reason}
	}
}

func (r *recordReader) read(p piece) {
	if !r.open(p) {
		return
	}
	c := &r.record
	c.At = r.date("timestamp")
	c.Context = r.object("correlationContext")
	c.Metadata = r.object("metadata")
	c.Tags = r.texts("tags")
	c.TraceID = span.TraceID(r.text("traceId"))
	c.SpanID = span.ID(r.text("spanId"))
	switch c.Kind {
	case store.KindLog:
		c.ID = r.id("logId")
		c.Log = r.log()
	case store.KindMetric:
		c.ID = r.id("metricId")
		c.Metric = r.metric()
	case store.KindScore:
		c.ID = r.id("scoreId")
		c.Score = r.score()
	case store.KindFeedback:
		c.ID = r.id("feedbackId")
		c.Feedback = r.feedback()
	}
	r.link()
	r.rest()
}

// open checks the text and spreads it out by its keys.
func (r *recordReader) open(p piece) bool {
	if len(p.text) > r.limits.MaxRecordBytes {
		r.fail("record", intake.ReasonTooLarge)
		return false
	}
	if p.depth > r.limits.MaxDepth+1 { // one is the record's own
		r.fail("record", intake.ReasonDepth)
		return false
	}
	v, err := span.ParseValue(p.text)
	switch {
	case err != nil:
		r.fail("record", reasonOf("record", err))
		return false
	case !v.IsObject():
		r.fail("record", intake.ReasonType)
		return false
	}
	r.fields = make(map[string]span.Value, 16)
	for key, value := range v.Members() {
		if _, twice := r.fields[key]; !twice {
			if len(r.order) == r.limits.MaxKeys {
				r.fail("record", intake.ReasonTooLarge)
				return false
			}
			r.order = append(r.order, key)
		}
		r.fields[key] = value
	}
	return true
}

// link brings the ids into the form of W3C.
func (r *recordReader) link() {
	c := &r.record
	if c.TraceID == "" {
		trace, _ := c.Context.Get("traceId").Text()
		c.TraceID = span.TraceID(trace)
	}
	if c.SpanID == "" {
		id, _ := c.Context.Get("spanId").Text()
		c.SpanID = span.ID(id)
	}
	given := c.TraceID != ""
	var ok bool
	if c.TraceID, ok = c.TraceID.W3C(); !ok {
		c.TraceID, c.SpanID = "", "" // a span without its trace names nothing
		r.unlinked = given
		return
	}
	if c.SpanID, ok = c.SpanID.W3C(); !ok {
		c.SpanID = ""
	}
}

// rest keeps what no field is for.
func (r *recordReader) rest() {
	if r.bad != nil {
		return
	}
	c := &r.record
	if c.Metadata.IsNull() || c.Metadata.IsObject() {
		extra := []byte{'{'}
		for _, key := range r.order {
			if v, left := r.fields[key]; left && !v.IsNull() {
				if len(extra) > 1 {
					extra = append(extra, ',')
				}
				extra = append(append(span.AppendText(extra, key), ':'), v...)
			}
		}
		if len(extra) > 1 {
			c.Metadata = span.Value(append(extra, '}')).Merge(c.Metadata)
		}
	}
	r.cut = r.limits.CutKeys(&c.Context) || r.cut
	r.cut = r.limits.CutKeys(&c.Metadata) || r.cut
}

// take returns a field's value and removes it from what is left; of several names the first that has one.
func (r *recordReader) take(names ...string) span.Value {
	var found span.Value
	for _, name := range names {
		v := r.fields[name]
		delete(r.fields, name)
		if found.IsNull() && !v.IsNull() {
			found = v
		}
	}
	return found
}

// text returns a field that is text, or "" if there is none.
func (r *recordReader) text(names ...string) string {
	v := r.take(names...)
	if v.IsNull() {
		return ""
	}
	text, ok := v.Text()
	if !ok {
		r.fail(names[0], intake.ReasonType)
	}
	r.cut = r.limits.CutText(&text) || r.cut
	return strings.Clone(text)
}

// maxIDBytes bounds what identifies a record. A cut id would be that of another.
const maxIDBytes = 1024

func (r *recordReader) id(name string) string {
	id := r.required(name, intake.ReasonRecordID)
	if len(id) > maxIDBytes {
		r.fail(name, intake.ReasonTooLarge)
	}
	return id
}

func (r *recordReader) required(name string, reason intake.Reason) string {
	text := r.text(name)
	if text == "" {
		r.fail(name, reason)
	}
	return text
}

// number returns a number as it is spelt. NaN and the infinities arrive as null and say nothing.
func (r *recordReader) number(name string) span.Value {
	v := r.take(name)
	switch {
	case v.IsNull():
		r.fail(name, intake.ReasonMissing)
	case !isNumber(v):
		r.fail(name, intake.ReasonType)
	}
	return v
}

func isNumber(v span.Value) bool { return v != "" && (v[0] == '-' || v[0]-'0' <= 9) }

// object returns an object, within the limits later, or nothing.
func (r *recordReader) object(name string) span.Value {
	v := r.take(name)
	if !v.IsNull() && !v.IsObject() {
		r.fail(name, intake.ReasonType)
	}
	return v
}

// any returns a value of any type.
func (r *recordReader) any(name string) span.Value {
	v := r.take(name)
	r.cut = r.limits.CutValue(&v) || r.cut
	return v
}

func (r *recordReader) texts(name string) []string {
	v := r.take(name)
	if v.IsNull() {
		return nil
	}
	if !v.IsArray() {
		r.fail(name, intake.ReasonType)
	}
	var texts []string
	for e := range v.Elements() {
		text, ok := e.Text()
		if !ok {
			r.fail(name, intake.ReasonType)
		}
		if len(texts) == r.limits.MaxKeys {
			r.cut = true
			break
		}
		r.cut = r.limits.CutText(&text) || r.cut
		texts = append(texts, text)
	}
	return texts
}
