package observability_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"testing/synctest"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
)

// captures are bodies that the JavaScript exporters sent, and how ours is told to send the same.
var captures = []struct {
	file    string
	wire    span.Format
	project string
	path    string
}{
	{"mastra-cloud-0.20-llm.json", span.V0, "", "/ai/spans/publish"},
	{"mastra-cloud-0.x.json", span.V0, "", "/ai/spans/publish"},
	{"mastra-cloud-1.x.json", span.V1, "", "/ai/spans/publish"},
	{"mastra-platform-1.x.json", span.V1, "proj_1", "/projects/proj_1/ai/spans/publish"},
}

// object reads a record with numbers as text, so that 1 and 1.0 differ.
func object(t *testing.T, text []byte) (o map[string]any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
	return o
}

// once takes out what 1.x says twice, and null where the other leaves a key out.
func once(record map[string]any) map[string]any {
	for first, second := range map[string]string{"spanId": "id", "spanType": "type", "startedAt": "startTime", "endedAt": "endTime", "error": "errorInfo"} {
		if _, ok := record[first]; ok {
			delete(record, second)
		}
	}
	for key, value := range record {
		if value == nil {
			delete(record, key)
		}
	}
	return record
}

// TestGoldenBodies decodes what real exporters sent, exports it, and compares what the server side then
// has with the captured bodies, field by field.
func TestGoldenBodies(t *testing.T) {
	for _, capture := range captures {
		t.Run(capture.file, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("..", "testdata", capture.file))
			if err != nil {
				t.Fatal(err)
			}
			var body struct{ Spans []json.RawMessage }
			if err := json.Unmarshal(text, &body); err != nil {
				t.Fatal(err)
			}
			spans, bad, err := span.DecodeBody(text)
			if err != nil || len(bad) > 0 || len(spans) != len(body.Spans) || len(spans) < 18 {
				t.Fatalf("%d spans, bad %v, %v", len(spans), bad, err)
			}
			for _, compression := range []observability.CloudCompression{observability.CompressNone, observability.CompressGzip, observability.CompressZstd} {
				synctest.Test(t, func(t *testing.T) {
					c := sinktest.StartPipe(t, sinktest.Config{})
					r := start(t, c, observability.CloudExporterConfig{
						TracesEndpoint: c.URL(), Wire: capture.wire, ProjectID: capture.project, Compression: compression,
					})
					r.export(spans...)
					r.stop()
					compareGolden(t, capture.wire, body.Spans, c.Records())
					if q := c.Requests(); len(q) != 1 || q[0].Path != capture.path || q[0].Header.Get("Content-Type") != "application/json" {
						t.Errorf("requests %+v", q)
					}
				})
			}
		})
	}
}

func compareGolden(t *testing.T, wire span.Format, want []json.RawMessage, got []sinktest.Record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range want {
		sent, captured := object(t, got[i].JSON), object(t, want[i])
		if wire == span.V1 {
			sent, captured = once(sent), once(captured)
		}
		for key, value := range captured {
			if !reflect.DeepEqual(sent[key], value) {
				t.Errorf("record %d: %s is %v, want %v", i, key, sent[key], value)
			}
		}
		for key := range sent {
			if _, ok := captured[key]; !ok {
				t.Errorf("record %d: has %s, which the capture has not", i, key)
			}
		}
	}
}
