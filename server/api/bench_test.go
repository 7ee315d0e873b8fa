package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/sqlite"
	"github.com/tailrace-go/tailrace/span"
)

// The skeleton of a trace of 50,000 spans, from the store to the last byte.
func BenchmarkSkeletonOf50000Spans(b *testing.B) {
	s, err := sqlite.Open(sqlite.Config{Dir: b.TempDir(), Now: now, RetainEvery: -1})
	if err != nil {
		b.Fatal(err)
	}
	r := newRigOver(b, s)
	for at := range 50 {
		items := make([]store.Item, 1000)
		for i := range items {
			n := at*1000 + i + 1
			items[i].Span = &span.Span{
				TraceID: id1, ID: span.ID(fmt.Sprintf("%x", n)), ParentID: span.ID(fmt.Sprintf("%x", n/8)), Name: fmt.Sprintf("step %d", n%200),
				Type: span.TypeToolCall, Start: noon.Add(time.Duration(n-60_000) * time.Millisecond), End: noon.Add(time.Duration(n-59_000) * time.Millisecond),
			}
		}
		r.append("a", &store.Batch{Spans: items})
	}
	for _, encoding := range []string{"identity", "gzip"} {
		b.Run(encoding, func(b *testing.B) {
			for b.Loop() {
				req := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "http://localhost"+traceA+"/"+id1+"?max_spans=50000", nil)
				req.Header.Set("Authorization", "Bearer "+r.tokens["read"])
				req.Header.Set("Accept-Encoding", encoding)
				w := httptest.NewRecorder()
				r.router.ServeHTTP(w, req)
				if w.Code != http.StatusOK || w.Body.Len() < 50_000 {
					b.Fatalf("%d, %d bytes", w.Code, w.Body.Len())
				}
				b.ReportMetric(float64(w.Body.Len()), "bytes/answer")
			}
		})
	}
}
