package exporters

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// quiet keeps OpenTelemetry from writing about each failed batch.
var quiet = sync.OnceFunc(func() { otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {})) })

// startBSP hands finished snapshots over, as OpenTelemetry's tracer does.
func startBSP(t task) (*rig, error) {
	processor, err := newBSP(t)
	if err != nil {
		return nil, err
	}
	snapshots := t.payload.snapshots
	return &rig{
		handOver: func(i int) error {
			processor.OnEnd(snapshots[i%len(snapshots)])
			return nil
		},
		shutdown: processor.Shutdown,
	}, nil
}

// newBSP starts OpenTelemetry's BatchSpanProcessor with its OTLP exporter for HTTP, which has gzip and no other
// compression.
func newBSP(t task) (sdktrace.SpanProcessor, error) {
	quiet()
	options := []otlptracehttp.Option{otlptracehttp.WithEndpointURL("http://" + t.address + "/v1/traces")}
	switch t.compression {
	case Gzip:
		options = append(options, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	case Zstd:
		return nil, fmt.Errorf("otlptracehttp has no %s", t.compression)
	}
	e, err := otlptracehttp.New(context.Background(), options...)
	if err != nil {
		return nil, err
	}
	return processorOf(t, e), nil
}

// processorOf is the processor in front of an exporter.
func processorOf(t task, e sdktrace.SpanExporter) sdktrace.SpanProcessor {
	options := []sdktrace.BatchSpanProcessorOption{
		sdktrace.WithMaxQueueSize(t.queue), sdktrace.WithMaxExportBatchSize(t.batch), sdktrace.WithBatchTimeout(flushAfter),
	}
	if !t.drop {
		options = append(options, sdktrace.WithBlocking())
	}
	return sdktrace.NewBatchSpanProcessor(e, options...)
}
