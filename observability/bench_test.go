package observability_test

import (
	"context"
	"testing"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/span"
)

// nowhere is an exporter that takes everything.
type nowhere struct{ observability.Exporter }

func (nowhere) Export(context.Context, *span.Span) error { return nil }
func (nowhere) Flush(context.Context) error              { return nil }
func (nowhere) Shutdown(context.Context) error           { return nil }

func tracerOf(b *testing.B, sampling observability.Sampling) *observability.Tracer {
	o, err := observability.New(observability.Config{Instances: []observability.Instance{
		{Name: "bench", ServiceName: "bench", Sampling: sampling, Exporters: []observability.Exporter{nowhere{}}},
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = o.Shutdown(context.Background()) })
	return o.Tracer()
}

// BenchmarkUnsampled is to be read against its first line: an unsampled child may cost 1.5 times that. The context has
// what one has in a server: a few values, and a deadline.
func BenchmarkUnsampled(b *testing.B) {
	tracer := tracerOf(b, observability.SampleNever())
	type key int
	ctx, _ := tracer.Start(context.Background(), "root", nil)
	ctx = context.WithValue(context.WithValue(context.WithValue(ctx, key(1), 1), key(2), 2), key(3), 3)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	b.Run("look-up", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if observability.FromContext(ctx) == nil {
				b.Fatal("none")
			}
		}
	})
	b.Run("child", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, s := tracer.Start(ctx, "child", span.ToolCall{ToolID: "weather"})
			s.End()
		}
	})
	b.Run("root", func(b *testing.B) {
		background := context.Background()
		b.ReportAllocs()
		for b.Loop() {
			_, s := tracer.Start(background, "root", span.AgentRun{})
			s.End()
		}
	})
}

func BenchmarkSpan(b *testing.B) {
	tracer := tracerOf(b, observability.SampleAlways())
	ctx, root := tracer.Start(context.Background(), "root", span.AgentRun{})
	defer root.End()
	b.ReportAllocs()
	for b.Loop() {
		_, s := tracer.Start(ctx, "tool: 'weather'", span.ToolCall{ToolID: "weather"})
		s.SetOutput("Sunny.")
		s.End()
	}
}
