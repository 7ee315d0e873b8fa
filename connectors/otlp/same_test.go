package otlp_test

import (
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"pgregory.net/rapid"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

// TestFormatsDecodeEqually holds that a request is the same batch in protobuf and in JSON, however the latter is spelt.
func TestFormatsDecodeEqually(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := requests.Draw(rt, "request")
		sent := 0
		for _, r := range m.ResourceSpans {
			for _, s := range r.ScopeSpans {
				sent += len(s.Spans)
			}
		}
		want, err := otlp.Decode(marshal(t, m), otlp.Protobuf, intake.Limits{})
		if err != nil {
			rt.Fatal(err)
		}
		if got := len(want.Items) + len(want.Rejected); got != sent {
			rt.Fatalf("%d of %d spans are accounted for", got, sent)
		}
		for _, o := range []protojson.MarshalOptions{{}, {UseProtoNames: true, UseEnumNumbers: true, EmitUnpopulated: true, Multiline: true}} {
			body := marshalJSON(t, m, o)
			got, err := otlp.Decode(body, otlp.JSON, intake.Limits{})
			if err != nil {
				rt.Fatalf("%v\n%s", err, body)
			}
			if a, b := written(t, got), written(t, want); a != b {
				rt.Fatalf("of %s\ngot  %s\nwant %s", body, a, b)
			}
		}
	})
}

// written is all that a batch says.
func written(tb testing.TB, b otlp.Batch) string {
	tb.Helper()
	var out []byte
	for _, item := range b.Items {
		var err error
		if out, err = span.V1.AppendItem(append(out, item.Service+" "...), item.Span, true); err != nil {
			tb.Fatal(err)
		}
		out = append(append(out, item.Span.Start.String()+" "+item.Span.End.String()...), '\n')
	}
	return string(out) + string(span.Of(b.Rejected)) + string(span.Of(b.Cut))
}
