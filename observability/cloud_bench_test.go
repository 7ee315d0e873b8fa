package observability_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/span"
)

// swallow is a transport whose endpoint accepts whatever it gets.
type swallow struct{}

func (swallow) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func swallowing(t testing.TB, cfg observability.CloudExporterConfig) *observability.CloudExporter {
	t.Helper()
	cfg.IgnoreEnv, cfg.AccessToken, cfg.Transport, cfg.Logger = true, fakeToken, swallow{}, slog.New(slog.DiscardHandler)
	e, err := observability.NewCloudExporter(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The traced program pays for a hand-over and for nothing else.
func TestTryExportAllocatesNothing(t *testing.T) {
	// Batches that never fill, so that no other goroutine allocates meanwhile.
	e := swallowing(t, observability.CloudExporterConfig{MaxBatchSize: 1 << 20, MaxBatchWait: 1 << 40})
	s := numbered(0)
	for range 10_000 { // the batch gets its room
		if err := e.TryExport(s); err != nil {
			t.Fatal(err)
		}
	}
	for name, try := range map[string]func() error{
		"TryExport": func() error { return e.TryExport(s) },
		"Export":    func() error { return e.Export(t.Context(), s) },
	} {
		if got := testing.AllocsPerRun(5000, func() {
			if err := try(); err != nil {
				t.Error(err)
			}
		}); got != 0 {
			t.Errorf("%s of a frozen span: %v allocations", name, got)
		}
	}
	if err := e.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// BenchmarkTryExport is the price of a hand-over: to an exporter whose queue has room, to one that
// is shedding, and, to compare, to a Go channel with room for 64 spans (chan64), whose one reader
// does nothing with them.
func BenchmarkTryExport(b *testing.B) {
	s := numbered(0)
	for _, producers := range []int{1, 2, 8, 64} {
		b.Run(fmt.Sprintf("to=exporter/producers=%d", producers), func(b *testing.B) {
			e := swallowing(b, observability.CloudExporterConfig{})
			b.ReportAllocs()
			b.ResetTimer()
			for left := b.N; left > 0; left -= 16384 { // half of the queue, then it is emptied
				produce(b, min(left, 16384), producers, func() {
					if err := e.TryExport(s); err != nil {
						b.Error(err)
					}
				})
				b.StopTimer()
				if err := e.Flush(b.Context()); err != nil {
					b.Error(err)
				}
				b.StartTimer()
			}
			b.StopTimer()
			if err := e.Shutdown(b.Context()); err != nil {
				b.Error(err)
			}
		})
		b.Run(fmt.Sprintf("to=shedding/producers=%d", producers), func(b *testing.B) {
			e := swallowing(b, observability.CloudExporterConfig{})
			b.ReportAllocs()
			b.ResetTimer()
			produce(b, b.N, producers, func() {
				if err := e.TryExport(s); err != nil {
					b.Error(err)
				}
			})
			b.StopTimer()
			_ = e.Shutdown(b.Context()) // what was shed
			b.ReportMetric(float64(e.Stats().Ledger.Dropped)/float64(b.N), "dropped/op")
		})
		b.Run(fmt.Sprintf("to=chan64/producers=%d", producers), func(b *testing.B) {
			ch := make(chan *span.Span, 64)
			var reader sync.WaitGroup
			reader.Go(func() {
				for range ch {
				}
			})
			b.ReportAllocs()
			b.ResetTimer()
			produce(b, b.N, producers, func() { ch <- s })
			b.StopTimer()
			close(ch)
			reader.Wait()
		})
	}
}

// produce calls push so many times, from so many goroutines.
func produce(b *testing.B, times, producers int, push func()) {
	b.Helper()
	var group sync.WaitGroup
	for i := range producers {
		n := times / producers
		if i < times%producers {
			n++
		}
		group.Go(func() {
			for range n {
				push()
			}
		})
	}
	group.Wait()
}
