package decode

import (
	"errors"
	"net/http"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// Why a whole request is refused. Every error of this package matches one of them or is what the reader of the body
// said.
var (
	ErrBody     = errors.New("decode: body cannot be read")                // 400
	ErrTooLarge = errors.New("decode: body exceeds a limit")               // 413: a sender may split it
	ErrEncoding = errors.New("decode: want Content-Encoding gzip or zstd") // 415
	ErrConfig   = errors.New("decode: configuration")                      // the server's own fault
)

// Status is the HTTP status for an error of this package: 400, 413 or 415, and 0 for one that is not about what was
// sent, such as a connection that broke or [ErrConfig].
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

// Why one span or record is refused, beside the reasons of the store.
const (
	ReasonSyntax  store.Reason = "syntax"   // not JSON, or broken protobuf
	ReasonType    store.Reason = "type"     // a field of another type
	ReasonMissing store.Reason = "missing"  // a field that must be there
	ReasonDate    store.Reason = "date"     // a time that is none
	ReasonDepth   store.Reason = "too_deep" // nested deeper than Limits.MaxDepth
)

// Rejection is one span or record that is refused, alone.
type Rejection struct {
	Index  int    // in the body, from 0
	Field  string // the sender's key, such as startedAt; "record" for the record itself
	Reason store.Reason
}

// reasonOf finds the word for an error of the span package about one field.
func reasonOf(field string, err error) store.Reason {
	switch {
	case errors.Is(err, span.ErrMissing) && field == "traceId":
		return store.ReasonTraceID
	case errors.Is(err, span.ErrMissing) && field == "spanId":
		return store.ReasonSpanID
	case errors.Is(err, span.ErrMissing):
		return ReasonMissing
	case errors.Is(err, span.ErrTooDeep):
		return ReasonDepth
	case errors.Is(err, span.ErrTooLarge):
		return store.ReasonTooLarge
	case errors.Is(err, span.ErrDate):
		return ReasonDate
	case errors.Is(err, span.ErrFieldType):
		return ReasonType
	}
	return ReasonSyntax
}
