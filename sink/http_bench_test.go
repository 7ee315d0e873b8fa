package sink_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
)

// BenchmarkHTTP posts gzipped bodies of 1000 spans to a server on loopback that reads and forgets
// them.
func BenchmarkHTTP(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	defer server.Close()
	const size = 1000
	body := compressed(spans(1, size, 500))
	for _, senders := range []int{1, 4, 16} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			sender := sink.NewHTTP(sink.HTTPConfig{Endpoint: server.URL, Senders: senders, MaxSenders: senders})
			p := pipeline.New(pipeline.Config{})
			pipeline.To(pipeline.From(p, pipeline.SourceFunc[*pipeline.Body](func(_ context.Context, out *pipeline.Outlet[*pipeline.Body]) error {
				for b.Loop() {
					again := *body
					if err := out.Send(&again); err != nil {
						return err
					}
				}
				return nil
			})), sender.Sink())
			b.ReportAllocs()
			b.SetBytes(int64(len(body.Data)))
			if err := p.Run(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "spans/s")
		})
	}
}
