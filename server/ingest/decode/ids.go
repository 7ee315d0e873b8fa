package decode

import "github.com/tailrace-go/tailrace/span"

// normalize brings the ids of a span into the form of W3C: lower case, padded on the left. A parent that is no id stays
// as it was sent: it is one that never arrives.
func normalize(s *span.Span) (field string, ok bool) {
	if s.TraceID, ok = s.TraceID.W3C(); !ok {
		return "traceId", false
	}
	if s.ID, ok = s.ID.W3C(); !ok {
		return "spanId", false
	}
	if parent, ok := s.ParentID.W3C(); ok {
		s.ParentID = parent
	}
	return "", true
}

// unsampled reports whether s is what Mastra 0.x makes of the child of a span that it did not sample.
func unsampled(s *span.Span) bool { return s.TraceID == span.NoOpTraceID || s.ID == span.NoOpID }
