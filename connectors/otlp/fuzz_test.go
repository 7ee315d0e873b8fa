package otlp_test

import (
	"bytes"
	"testing"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

// fuzzLimits are so tight that short inputs meet them.
var fuzzLimits = intake.Limits{MaxBodyBytes: 64 << 10, MaxRecords: 20, MaxRecordBytes: 16 << 10, MaxDepth: 8, MaxKeys: 8, MaxStringBytes: 256}

func seeds() []*collectorpb.ExportTraceServiceRequest {
	s := named("work")
	s.Events = []*tracepb.Span_Event{{Name: "exception", TimeUnixNano: 7, Attributes: []*commonpb.KeyValue{kv("exception.message", text("boom"))}}}
	s.Links = []*tracepb.Span_Link{{TraceId: s.TraceId, SpanId: s.SpanId}}
	s.Status = &tracepb.Status{Code: 2, Message: "no"}
	s.Attributes = []*commonpb.KeyValue{kv("k", nested(10)), kv("o", object(kv("a", array(whole(1), text("\x00")))))}
	return []*collectorpb.ExportTraceServiceRequest{of(chat(1), plain(2)), of(s, &tracepb.Span{}), of()}
}

// FuzzProtobuf holds that every span of a body that the official types can read is accounted for, that what is taken can
// be written, and that the body stays as it is.
func FuzzProtobuf(f *testing.F) {
	for _, m := range seeds() {
		f.Add(marshal(f, m))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		sent := -1
		var m collectorpb.ExportTraceServiceRequest
		if proto.Unmarshal(body, &m) == nil {
			sent = 0
			for _, r := range m.ResourceSpans {
				for _, s := range r.ScopeSpans {
					sent += len(s.Spans)
				}
			}
		}
		check(t, body, otlp.Protobuf, sent)
	})
}

// FuzzJSON holds the same for JSON.
func FuzzJSON(f *testing.F) {
	for _, m := range seeds() {
		f.Add(marshalJSON(f, m, protojson.MarshalOptions{}))
		f.Add(marshalJSON(f, m, protojson.MarshalOptions{UseProtoNames: true, UseEnumNumbers: true, EmitUnpopulated: true}))
	}
	f.Add([]byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"A","spanId":"AAAAAAAAAKs=","name":"\ud83d\n","startTimeUnixNano":1e9,"attributes":[{"value":{"bytesValue":"-_8"}}]},{]}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) { check(t, body, otlp.JSON, -1) })
}

func check(t *testing.T, body []byte, f otlp.Format, sent int) {
	t.Helper()
	given := bytes.Clone(body)
	batch, err := otlp.Decode(body, f, fuzzLimits)
	if !bytes.Equal(body, given) {
		t.Fatal("decoding changed the body")
	}
	if err != nil {
		if intake.Status(err) == 0 || batch.Items != nil {
			t.Errorf("%v, %v", batch, err)
		}
		if sent >= 0 && sent <= fuzzLimits.MaxRecords && intake.Status(err) != 413 {
			t.Errorf("the official types read %d spans: %v", sent, err)
		}
		return
	}
	all := len(batch.Items) + len(batch.Rejected)
	if sent >= 0 && all != sent {
		t.Errorf("%d of %d spans are accounted for", all, sent)
	}
	last := -1
	for _, r := range batch.Rejected {
		if r.Index <= last || r.Index >= all || r.Field == "" || r.Reason == "" {
			t.Errorf("%+v after %d, of %d", r, last, all)
		}
		last = r.Index
	}
	for _, item := range batch.Items {
		s := item.Span
		if !s.TraceID.Valid() || !s.ID.Valid() || s.Name == "" || !s.Frozen() {
			t.Errorf("span %+v", s)
		}
		text, err := span.V1.AppendItem(nil, s, true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := span.DecodeRecord(text); err != nil {
			t.Errorf("%v: %s", err, text)
		}
	}
}
