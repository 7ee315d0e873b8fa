package facts

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// Record is what matters of a record.
type Record struct {
	Kind    store.Kind
	RID     [16]byte // hash of its id
	Trace   TraceID
	OfTrace bool
	Span    SpanID
	At      int64 // ns; the time of receipt when it is not credible

	Service string
	Cost    int64 // what it adds to its span's cost
	Priced  bool

	Received int64
	Source   *store.Record
}

// OfRecord derives what matters of a record, or says why it is rejected. A trace id that is none leaves a record
// without a trace: it says something all the same.
func OfRecord(r *store.Record, received time.Time, keep time.Duration) (Record, store.Reason) {
	f := Record{Kind: r.Kind, Source: r, At: r.At.UnixNano(), Received: received.UnixNano()}
	switch {
	case r.ID == "":
		return f, store.ReasonRecordID
	case r.Kind == store.KindLog && r.Log != nil, r.Kind == store.KindMetric && r.Metric != nil,
		r.Kind == store.KindScore && r.Score != nil, r.Kind == store.KindFeedback && r.Feedback != nil:
	default:
		return f, store.ReasonKind
	}
	sum := sha256.Sum256([]byte(r.ID))
	copy(f.RID[:], sum[:])
	f.Trace, f.OfTrace = r.TraceID.Bytes()
	f.Span, _ = ParseSpanID(r.SpanID)
	tomorrow := received.UTC().Truncate(day).Add(2 * day)
	if r.At.IsZero() || !r.At.Before(tomorrow) || keep > 0 && r.At.Before(received.Add(-keep)) || r.At.Year() < 1970 {
		f.At = f.Received
	}
	f.Service, _ = r.Context.Get("serviceName").Text()
	if f.Service == "" {
		f.Service, _ = r.Metadata.Get("serviceName").Text()
	}
	f.Service = store.CutText(f.Service, maxName)
	// The two totals carry the sum of their details, so only they count.
	if m := r.Metric; m != nil && m.CostUSD != nil && f.Span != 0 && f.OfTrace &&
		(m.Name == "mastra_model_total_input_tokens" || m.Name == "mastra_model_total_output_tokens") {
		f.Cost, f.Priced = Nano(*m.CostUSD)
	}
	return f, ""
}

// storedRecord is a record as it is written: with what JSON tags of the contract leave out.
type storedRecord struct {
	Kind store.Kind `json:"kind"`
	*store.Record
}

// EncodeRecord writes a record as JSON.
func EncodeRecord(r *store.Record) ([]byte, error) {
	c := *r
	if id, ok := c.TraceID.W3C(); ok {
		c.TraceID = id
	}
	if id, ok := c.SpanID.W3C(); ok {
		c.SpanID = id
	}
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false) // values stay as they were spelt
	err := e.Encode(storedRecord{c.Kind, &c})
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), err
}

// DecodeRecord reads what EncodeRecord wrote.
func DecodeRecord(data []byte) (store.Record, error) {
	stored := storedRecord{Record: new(store.Record)}
	err := json.Unmarshal(data, &stored)
	stored.Record.Kind = stored.Kind
	return *stored.Record, err
}

// FullSpan puts together what was sent and what the store knows.
func FullSpan(s *span.Span, f *Span, service string) *store.FullSpan {
	status := store.StatusSuccess
	switch {
	case f.Failed:
		status = store.StatusError
	case f.Running:
		status = store.StatusRunning
	}
	return &store.FullSpan{
		Span:     s,
		Received: time.Unix(0, f.Received).UTC(),
		Clock:    f.Clock,
		Service:  service,
		Status:   status,
		Tokens:   f.Tokens,
		Cost:     CostOf(f.Cost, f.Priced),
	}
}
