package otlp_test

import (
	"net/http"
	"testing"

	"connectrpc.com/connect"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/tailrace-go/tailrace/connectors/otlp"
)

// TestAnswersAreThoseOfOTLP reads what we write with the official types.
func TestAnswersAreThoseOfOTLP(t *testing.T) {
	read := func(f otlp.Format, body []byte, m proto.Message) {
		t.Helper()
		unmarshal := proto.Unmarshal
		if f == otlp.JSON {
			unmarshal = protojson.Unmarshal
		}
		if err := unmarshal(body, m); err != nil {
			t.Fatalf("%s %q: %v", f, body, err)
		}
	}
	for _, f := range []otlp.Format{otlp.Protobuf, otlp.JSON} {
		for _, tt := range []struct {
			rejected int
			message  string
		}{{0, ""}, {3, ""}, {0, "a \"warning\"\n"}, {1 << 40, "päth"}, {-1, "\xff"}} {
			var got collectorpb.ExportTraceServiceResponse
			read(f, otlp.Response(f, tt.rejected, tt.message), &got)
			want := tt.message
			if want == "\xff" {
				want = "\uFFFD"
			}
			if p := got.GetPartialSuccess(); p.GetRejectedSpans() != max(int64(tt.rejected), 0) || p.GetErrorMessage() != want || (p == nil) != (tt.rejected == 0 && tt.message == "") {
				t.Errorf("%s: %+v reads as %v", f, tt, &got)
			}
		}
		for code, want := range map[int]connect.Code{
			200: 0, 400: connect.CodeInvalidArgument, 401: connect.CodeUnauthenticated, 402: connect.CodePermissionDenied, 403: connect.CodePermissionDenied,
			404: connect.CodeUnimplemented, 408: connect.CodeUnavailable, 409: connect.CodeAborted, 413: connect.CodeResourceExhausted,
			415: connect.CodeUnimplemented, 418: connect.CodeFailedPrecondition, 429: connect.CodeResourceExhausted, 500: connect.CodeInternal,
			502: connect.CodeUnavailable, 503: connect.CodeUnavailable, 504: connect.CodeUnavailable, 507: connect.CodeResourceExhausted,
		} {
			var got status.Status
			if read(f, otlp.Status(f, code, "why"), &got); got.Code != int32(want) || got.Message != "why" {
				t.Errorf("%s: %d reads as %v", f, code, &got)
			}
		}
	}
}

func TestFormatOf(t *testing.T) {
	for contentType, want := range map[string]string{
		"application/x-protobuf": "protobuf", "application/protobuf": "protobuf", "application/json": "json", "Application/JSON; charset=utf-8": "json",
		"application/json;": "json", "text/plain": "", "": "", "application/grpc": "", ";": "",
	} {
		f, ok := otlp.FormatOf(contentType)
		if ok != (want != "") || ok && f.String() != want {
			t.Errorf("%q: %s, %t", contentType, f, ok)
		}
	}
	if again, ok := otlp.FormatOf(otlp.JSON.ContentType()); !ok || again != otlp.JSON || otlp.Protobuf.ContentType() != "application/x-protobuf" {
		t.Error("a format does not read its own content type")
	}
}

func TestOnlyGRPCIsGRPC(t *testing.T) {
	for contentType, want := range map[string]bool{
		"application/grpc": true, "application/grpc+proto": true, "application/grpc+json": false, "application/grpc-web": false, http.StatusText(200): false,
	} {
		if got := otlp.IsGRPC(contentType); got != want {
			t.Errorf("%q: %t", contentType, got)
		}
	}
}
