package store

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// Kind says which of the four signals beside spans a record is.
type Kind uint8

// The kinds of record.
const (
	KindLog Kind = 1 + iota
	KindMetric
	KindScore
	KindFeedback
)

var kindNames = [...]string{"", "log", "metric", "score", "feedback"}

// String names the kind: log, metric, score, feedback.
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return ""
	}
	return kindNames[k]
}

// Record is one log, metric, score or feedback. Exactly the field of its kind is set.
type Record struct {
	Kind    Kind         `json:"-"`
	ID      string       `json:"id"` // required; with Kind it is the record's identity within its project
	At      time.Time    `json:"timestamp"`
	TraceID span.TraceID `json:"traceId,omitempty"` // empty: of no trace
	SpanID  span.ID      `json:"spanId,omitempty"`  // empty: of the whole trace

	Context  span.Value `json:"correlationContext,omitempty"` // an object; its serviceName names the trace's service
	Metadata span.Value `json:"metadata,omitempty"`
	Tags     []string   `json:"tags,omitempty"`

	Log      *Log      `json:"log,omitempty"`
	Metric   *Metric   `json:"metric,omitempty"`
	Score    *Score    `json:"score,omitempty"`
	Feedback *Feedback `json:"feedback,omitempty"`
}

// Log is a line that a program wrote.
type Log struct {
	Level   string     `json:"level"` // debug, info, warn, error, fatal, or as sent
	Message string     `json:"message"`
	Data    span.Value `json:"data,omitempty"`
}

// Metric is one measured value.
type Metric struct {
	Name   string            `json:"name"`
	Value  span.Value        `json:"value"` // a JSON number, as it was spelt
	Labels map[string]string `json:"labels,omitempty"`

	Provider  string     `json:"provider,omitempty"`
	Model     string     `json:"model,omitempty"`
	CostUSD   *float64   `json:"costUsd,omitempty"` // estimated; nil: not known
	CostExtra span.Value `json:"costMetadata,omitempty"`
}

// Score is a judgement by a scorer.
type Score struct {
	ScorerID         string       `json:"scorerId"`
	ScorerName       string       `json:"scorerName,omitempty"`
	ScorerVersion    string       `json:"scorerVersion,omitempty"`
	Source           string       `json:"scoreSource,omitempty"`
	Score            span.Value   `json:"score"` // a JSON number, as it was spelt
	Reason           string       `json:"reason,omitempty"`
	ExperimentID     string       `json:"experimentId,omitempty"`
	ScoreTraceID     span.TraceID `json:"scoreTraceId,omitempty"` // the scorer's own trace
	TargetEntityType string       `json:"targetEntityType,omitempty"`
}

// Feedback is a judgement by a person.
type Feedback struct {
	Source       string     `json:"feedbackSource,omitempty"`
	Type         string     `json:"feedbackType"`
	Value        span.Value `json:"value"` // a number or a string
	Comment      string     `json:"comment,omitempty"`
	UserID       string     `json:"feedbackUserId,omitempty"`
	SourceID     string     `json:"sourceId,omitempty"`
	ExperimentID string     `json:"experimentId,omitempty"`
}

// RecordQuery asks for records, newest first.
type RecordQuery struct {
	TraceID span.TraceID // of this trace; empty: of any and of none
	Kind    Kind         // of this kind; 0: of all
	From    time.Time    // not before; zero: no limit
	To      time.Time    // before; zero: no limit
	Limit   int          // at most so many; 0 means 100, the most is 1,000
	Cursor  string       // RecordPage.Next of the page before; empty for the first
}

// RecordPage is some records. They are the caller's.
type RecordPage struct {
	Records []Record
	Next    string // cursor of the next page; empty at the end
}

// RecordCursor is a place in a list of records: behind the one with this time, kind and hash of its id.
type RecordCursor struct {
	At   int64 // ns since 1970
	Kind Kind
	ID   [16]byte
}

// String writes the cursor as a URL may carry it.
func (c RecordCursor) String() string {
	b := binary.BigEndian.AppendUint64([]byte{cursorVersion, byte(c.Kind)}, uint64(c.At))
	return base64.RawURLEncoding.EncodeToString(append(b, c.ID[:]...))
}

// ParseRecordCursor reads what [RecordCursor.String] wrote.
func ParseRecordCursor(text string) (RecordCursor, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != 26 || b[0] != cursorVersion || b[1] == 0 || int(b[1]) >= len(kindNames) {
		return RecordCursor{}, &FieldError{Field: "cursor", Reason: "not a cursor of this API"}
	}
	return RecordCursor{At: int64(binary.BigEndian.Uint64(b[2:])), Kind: Kind(b[1]), ID: [16]byte(b[10:])}, nil
}

// Check fills in the limit and parses the cursor, which is nil for the first page. The error is a *FieldError.
func (q RecordQuery) Check() (checked RecordQuery, after *RecordCursor, err error) {
	if q.Limit == 0 {
		q.Limit = 100
	}
	if q.Limit < 0 || q.Limit > 1000 {
		return q, nil, &FieldError{Field: "limit", Reason: "want 1 to 1000"}
	}
	if int(q.Kind) >= len(kindNames) {
		return q, nil, &FieldError{Field: "kind", Reason: "want log, metric, score or feedback"}
	}
	if q.TraceID != "" {
		id, ok := q.TraceID.W3C()
		if !ok {
			return q, nil, &FieldError{Field: "trace_id", Reason: "want 1 to 32 hex digits"}
		}
		q.TraceID = id
	}
	if q.Cursor == "" {
		return q, nil, nil
	}
	c, err := ParseRecordCursor(q.Cursor)
	return q, &c, err
}
