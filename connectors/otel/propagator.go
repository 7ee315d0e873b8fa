package otel

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/tailrace-go/tailrace/observability"
)

// Propagator is W3C Trace Context, with the member of tracestate by which this library knows its own: the receiver then
// makes its spans children of the sender's, where both are exported here. Use it in place of
// [propagation.TraceContext], alone or in a composite. Its zero value is ready.
//
// Inject tells of the innermost span in the context, of OpenTelemetry or, with [NewBridge], of an
// [observability.Tracer]. Extract prepares the context for both.
type Propagator struct{}

var _ propagation.TextMapPropagator = Propagator{}

const stateKey = "tailrace"

// Inject implements [propagation.TextMapPropagator].
func (Propagator) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	sc := trace.SpanContextFromContext(ctx)
	if !sc.IsRemote() { // else nothing has started here: what came in goes on
		state := sc.TraceState().Delete(stateKey) // it is about a span above
		if with, err := state.Insert(stateKey, sc.SpanID().String()); err == nil && sc.IsSampled() {
			state = with
		}
		ctx = trace.ContextWithSpanContext(ctx, sc.WithTraceState(state))
	}
	propagation.TraceContext{}.Inject(ctx, carrier)
}

// Extract implements [propagation.TextMapPropagator].
func (Propagator) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	ctx = propagation.TraceContext{}.Extract(ctx, carrier)
	h := http.Header{}
	for _, key := range []string{"Traceparent", "Tracestate"} {
		if v := carrier.Get(key); v != "" {
			h.Set(key, v)
		}
	}
	return observability.Extract(ctx, h)
}

// Fields implements [propagation.TextMapPropagator].
func (Propagator) Fields() []string { return propagation.TraceContext{}.Fields() }
