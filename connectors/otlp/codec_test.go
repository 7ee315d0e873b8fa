package otlp_test

import (
	"errors"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/span"
)

var formats = []otlp.Format{otlp.Protobuf, otlp.JSON}

// encoded is the body of some items.
func encoded(tb testing.TB, f otlp.Format, items ...otlp.Item) []byte {
	tb.Helper()
	c := otlp.Codec{Format: f}
	body := c.AppendOpen(nil)
	for i, item := range items {
		var err error
		if body, err = c.Append(body, item, i == 0); err != nil {
			tb.Fatal(err)
		}
	}
	return c.AppendClose(body)
}

// TestASpanThatCameByOTLPGoesAsItCame holds that decoding, encoding and decoding again gives the same spans.
func TestASpanThatCameByOTLPGoesAsItCame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		came, err := otlp.Decode(marshal(t, requests.Draw(rt, "request")), otlp.Protobuf, intake.Limits{})
		if err != nil {
			rt.Fatal(err)
		}
		goesAsItCame(rt, came)
	})
}

func goesAsItCame(t interface{ Fatalf(string, ...any) }, came otlp.Batch) {
	for _, item := range came.Items {
		for _, f := range formats {
			one := otlp.Batch{Items: []otlp.Item{{Span: said(item.Span), Service: item.Service}}}
			c := otlp.Codec{Format: f}
			body, err := c.AppendItem(c.AppendOpen(nil), item.Span, true)
			if err != nil {
				t.Fatalf("%v", err)
			}
			body = c.AppendClose(body)
			again, err := otlp.Decode(body, f, intake.Limits{})
			if err != nil || len(again.Items) != 1 {
				t.Fatalf("%s: %v, %v\n%s", f, err, again.Rejected, body)
			}
			a, err := wrote(again)
			b, err2 := wrote(one)
			if err = errors.Join(err, err2); err != nil || a != b {
				t.Fatalf("%s: %v\ncame  %s\nagain %s\nbody %s", f, err, b, a, body)
			}
		}
	}
}

// said is a span with what [span.ToGenAI] can say of it in place of what it says, which is the same for all but odd ones: a
// call of a tool that has no name becomes one of a tool that is called as the span is.
func said(s *span.Span) *span.Span {
	again := s.Clone()
	again.Tags = nil
	again.EntityType, again.EntityID, again.EntityName = "", "", ""
	span.FromGenAI(again, span.ToGenAI(s))
	if s.Error != nil {
		again.Error.Name, again.Error.Stack = s.Error.Name, s.Error.Stack
	}
	again.Freeze()
	return again
}

// wrote is all that the spans of a batch say.
func wrote(b otlp.Batch) (string, error) {
	var out []byte
	for _, item := range b.Items {
		var err error
		if out, err = span.V1.AppendItem(append(out, item.Service+" "...), item.Span, true); err != nil {
			return "", err
		}
		out = append(append(out, item.Span.Start.String()+" "+item.Span.End.String()...), '\n')
	}
	return string(out), nil
}

// The official types read what we write of Mastra's spans, and nothing of what ToGenAI says is lost on the way.
func TestOurSpansAreWhatTheOfficialTypesRead(t *testing.T) {
	for _, name := range captured.Names() {
		list, _, err := span.DecodeBody(captured.Body(name))
		if err != nil {
			t.Fatal(err)
		}
		var items []otlp.Item
		for _, s := range list {
			items = append(items, otlp.Item{Span: s, Service: "support"})
		}
		var m collectorpb.ExportTraceServiceRequest
		if err := proto.Unmarshal(encoded(t, otlp.Protobuf, items...), &m); err != nil {
			t.Fatal(err)
		}
		if len(m.ResourceSpans) != len(list) {
			t.Fatalf("%s: %d groups of %d spans", name, len(m.ResourceSpans), len(list))
		}
		protobuf := decoded(t, encoded(t, otlp.Protobuf, items...), otlp.Protobuf, intake.Limits{})
		asJSON := decoded(t, encoded(t, otlp.JSON, items...), otlp.JSON, intake.Limits{})
		if a, b := written(t, asJSON), written(t, protobuf); a != b {
			t.Errorf("%s: the formats differ\n%s\n%s", name, a, b)
		}
		for i, item := range protobuf.Items {
			s, got := list[i], item.Span
			if got.TraceID != s.TraceID || got.ID != s.ID || got.ParentID != s.ParentID || got.Name != s.Name || got.Type != s.Type ||
				!got.Start.Equal(s.Start) || !s.Event && !got.End.Equal(s.End) || s.Event && !got.End.Equal(s.Start) {
				t.Errorf("%s: %+v became %+v", name, s, got)
			}
			if item.Service == "" {
				t.Errorf("%s: span %d has no service", name, i)
			}
			want := span.Span{}
			span.FromGenAI(&want, span.ToGenAI(s))
			want.Freeze()
			if got.Attributes != want.Attributes || got.Metadata != want.Metadata || got.Input != want.Input || got.Output != want.Output {
				t.Errorf("%s: span %d became\n%+v\nwant\n%+v", name, i, got, want)
			}
			if e := s.Error; e != nil && (got.Error == nil || got.Error.Message != e.Message || got.Error.Name != e.Name || got.Error.Stack != e.Stack) {
				t.Errorf("%s: error %+v became %+v", name, e, got.Error)
			}
		}
	}
}

func TestWhatOTLPCannotCarryIsRefusedAlone(t *testing.T) {
	for _, tt := range []struct {
		span   span.Span
		reason intake.Reason
	}{
		{span.Span{TraceID: span.NoOpTraceID, ID: span.NoOpID}, intake.ReasonNoOp},
		{span.Span{TraceID: "xyz", ID: "1"}, intake.ReasonTraceID},
		{span.Span{TraceID: "1"}, intake.ReasonSpanID},
	} {
		buf := []byte("as it was")
		got, err := otlp.Codec{}.AppendItem(buf, &tt.span, false)
		var bad intake.Rejection
		if !errors.As(err, &bad) || bad.Reason != tt.reason || string(got) != "as it was" {
			t.Errorf("%+v: %q, %v", tt.span, got, err)
		}
	}
	if _, err := (otlp.Codec{}).AppendItem(nil, nil, true); err == nil {
		t.Error("no span is none")
	}
	if _, err := (otlp.Codec{}).AppendItem(nil, &span.Span{TraceID: "1", ID: "1", Input: `{"a":`}, true); err == nil {
		t.Error("a value that is no JSON is no error")
	}
	short := &span.Span{TraceID: "A1", ID: "F", ParentID: "no-op", Start: time.Unix(7, 0)}
	batch := decoded(t, encoded(t, otlp.Protobuf, otlp.Item{Span: short}), otlp.Protobuf, intake.Limits{})
	if s := batch.Items[0].Span; s.TraceID != "000000000000000000000000000000a1" || s.ID != "000000000000000f" || s.ParentID != "" || !s.Start.Equal(short.Start) {
		t.Errorf("got %+v", s)
	}
}

// FuzzCodec holds the law for whatever can be decoded.
func FuzzCodec(f *testing.F) {
	for _, m := range seeds() {
		f.Add(marshal(f, m))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		batch, err := otlp.Decode(body, otlp.Protobuf, intake.Limits{})
		if err != nil {
			return
		}
		goesAsItCame(t, batch)
	})
}

func BenchmarkCodec(b *testing.B) {
	for name, make := range map[string]func(int) otlp.Item{
		"chat": func(i int) otlp.Item {
			return decoded(b, marshal(b, of(chat(i))), otlp.Protobuf, intake.Limits{}).Items[0]
		},
		"plain": func(i int) otlp.Item {
			return decoded(b, marshal(b, of(plain(i))), otlp.Protobuf, intake.Limits{}).Items[0]
		},
	} {
		item := make(1)
		for _, f := range formats {
			b.Run("span="+name+"/format="+f.String(), func(b *testing.B) {
				b.ReportAllocs()
				var buf []byte
				for b.Loop() {
					var err error
					if buf, err = (otlp.Codec{Format: f}).Append(append(buf[:0], '['), item, true); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(len(buf)-1), "span-bytes")
			})
		}
	}
}
