package intake

import "github.com/tailrace-go/tailrace/span"

// normalize brings the ids of a span into the form of W3C: lower case, padded on the left. A parent that is no id stays
// as it was sent: it is one that never arrives.
func normalize(s *span.Span) (field string, reason Reason) {
	if s.TraceID == span.NoOpTraceID || s.ID == span.NoOpID { // what Mastra 0.x makes of the child of an unsampled span
		return "traceId", ReasonNoOp
	}
	var ok bool
	if s.TraceID, ok = s.TraceID.W3C(); !ok {
		return "traceId", ReasonTraceID
	}
	if s.ID, ok = s.ID.W3C(); !ok {
		return "spanId", ReasonSpanID
	}
	if parent, ok := s.ParentID.W3C(); ok {
		s.ParentID = parent
	}
	return "", ""
}
