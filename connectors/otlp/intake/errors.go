package intake

import (
	"errors"
	"net/http"
)

// Why a whole request is refused. Every error about a body matches one of them or is what the reader of the body said.
// Their texts are for the sender.
var (
	ErrBody     = errors.New("decode: body cannot be read")                // 400
	ErrTooLarge = errors.New("decode: body exceeds a limit")               // 413: a sender may split it
	ErrEncoding = errors.New("decode: want Content-Encoding gzip or zstd") // 415
	ErrConfig   = errors.New("decode: configuration")                      // the server's own fault
)

// Status is the HTTP status for an error about a body: 400, 413 or 415, and 0 for one that is not about what was sent,
// such as a connection that broke or [ErrConfig].
func Status(err error) int {
	switch {
	case errors.Is(err, ErrTooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, ErrEncoding):
		return http.StatusUnsupportedMediaType
	case errors.Is(err, ErrBody):
		return http.StatusBadRequest
	}
	return 0
}

// Reason says why one span or record is refused: a short word for a counter.
type Reason string

// The reasons.
const (
	ReasonTraceID  Reason = "trace_id"  // not 1 to 32 hex digits, or all zero
	ReasonSpanID   Reason = "span_id"   // not 1 to 16 hex digits, or all zero
	ReasonNoOp     Reason = "no_op"     // an unsampled span of Mastra 0.x
	ReasonTooLarge Reason = "too_large" // more than Limits.MaxRecordBytes
	ReasonSyntax   Reason = "syntax"    // not JSON, or broken protobuf
	ReasonType     Reason = "type"      // a field of another type
	ReasonMissing  Reason = "missing"   // a field that must be there
	ReasonDate     Reason = "date"      // a time that is none
	ReasonDepth    Reason = "too_deep"  // nested deeper than Limits.MaxDepth
	ReasonRecordID Reason = "record_id" // a record without an id
)

// Rejection is one span or record that is refused, alone.
type Rejection struct { //nolint:errname // it lists what is refused; it is an error where one span is alone
	Index  int    // in the body, from 0
	Field  string // the sender's key, such as startedAt; "record" for the record itself
	Reason Reason
}

// Error says why, and quotes nothing that was sent.
func (r Rejection) Error() string { return "decode: " + r.Field + ": " + string(r.Reason) }
