package otel

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/tailrace-go/tailrace/observability"
)

// NewBridge joins the traces of OpenTelemetry with those of an [observability.Tracer], as
// [observability.Config.Bridge]: a span that either of them starts below one of the other is its child. It is for spans
// that all go to the same place: OpenTelemetry's by [NewSpanProcessor] or [NewSpanExporter].
//
// OpenTelemetry's samplers heed the decision of the parent if they are ParentBased, as that of the SDK is unless set.
func NewBridge() observability.Bridge { return bridge{} }

type bridge struct{}

// Current implements [observability.Bridge].
func (bridge) Current(ctx context.Context) (observability.BridgedSpan, bool) {
	sc := trace.SpanContextFromContext(ctx)
	if !sc.HasTraceID() {
		return observability.BridgedSpan{}, false
	}
	return observability.BridgedSpan{
		TraceID: sc.TraceID(), ID: sc.SpanID(), Sampled: sc.IsSampled(), Remote: sc.IsRemote(), State: sc.TraceState().String(),
	}, true
}

// With implements [observability.Bridge]. What it puts into ctx takes nothing: attributes that a library sets on it by
// trace.SpanFromContext go nowhere, as they do on a span of another process.
func (bridge) With(ctx context.Context, s observability.BridgedSpan) context.Context {
	state, _ := trace.ParseTraceState(s.State) // what cannot be passed on is not worth the trace
	return trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: s.TraceID, SpanID: s.ID, TraceFlags: trace.TraceFlags(0).WithSampled(s.Sampled), Remote: s.Remote, TraceState: state,
	}))
}
