package otlp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
)

// Procedure is the path of the one call that [NewHandler] serves.
const Procedure = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

// Export takes one message: an ExportTraceServiceRequest in protobuf, decompressed and unread, which it may keep. It
// returns how many spans it refused, and a note for the sender, as [Response] takes them. header is that of the request.
//
// An error says that nothing was taken: a [*GRPCError] or a [*connect.Error] goes out as it is, an error of package
// intake as what [intake.Status] makes of it, and that of a context as canceled or deadline exceeded. All else is
// unavailable, without its text, which may not be meant for the sender.
type Export func(ctx context.Context, message []byte, header http.Header) (rejected int, note string, err error)

// GRPCError is how a call fails.
type GRPCError struct {
	Code       connect.Code
	Message    string        // for the sender
	RetryAfter time.Duration // above 0 goes out as google.rpc.RetryInfo; without it nobody retries ResourceExhausted
}

func (e *GRPCError) Error() string { return fmt.Sprintf("otlp: %s: %s", e.Code, e.Message) }

// connect puts the error into the form in which connect writes it.
func (e *GRPCError) connect() *connect.Error {
	out := connect.NewError(e.Code, errors.New(e.Message))
	if e.RetryAfter > 0 {
		detail, err := connect.NewErrorDetail(&anypb.Any{TypeUrl: retryInfoURL, Value: retryInfo(e.RetryAfter)})
		if err == nil { // an Any always is a detail
			out.AddDetail(detail)
		}
	}
	return out
}

const retryInfoURL = "type.googleapis.com/google.rpc.RetryInfo"

// retryInfo is a google.rpc.RetryInfo, whose first field is a Duration of seconds and nanoseconds.
func retryInfo(d time.Duration) []byte {
	var duration []byte
	if s := d / time.Second; s > 0 {
		duration = protowire.AppendVarint(protowire.AppendTag(duration, 1, protowire.VarintType), uint64(s))
	}
	if ns := d % time.Second; ns > 0 {
		duration = protowire.AppendVarint(protowire.AppendTag(duration, 2, protowire.VarintType), uint64(ns))
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), duration)
}

// IsGRPC reports whether a Content-Type is that of a gRPC call whose message is protobuf, the only kind [NewHandler]
// takes: not gRPC-Web, not Connect.
func IsGRPC(contentType string) bool {
	return contentType == "application/grpc" || contentType == "application/grpc+proto"
}

// NewHandler serves [Procedure] over gRPC on HTTP/2, in clear text too, for a router that hands it that path. A message
// may have maxBytes, on the wire and decompressed; more is ResourceExhausted without a RetryInfo, and no more than
// that is ever unpacked. It takes gzip, zstd and identity. The request's context carries the sender's deadline.
func NewHandler(maxBytes int, export Export) http.Handler {
	unary := func(ctx context.Context, req *connect.Request[message]) (*connect.Response[message], error) {
		rejected, note, err := export(ctx, req.Msg.bytes, req.Header())
		if err != nil {
			return nil, callError(err)
		}
		return connect.NewResponse(&message{Response(Protobuf, rejected, note)}), nil
	}
	inner := connect.NewUnaryHandler(Procedure, unary,
		connect.WithCodec(rawCodec{}),
		connect.WithReadMaxBytes(maxBytes),
		connect.WithCompression("gzip", func() connect.Decompressor { return &unpacker{most: maxBytes, open: openGzip} }, newGzipWriter),
		connect.WithCompression("zstd", func() connect.Decompressor { return &unpacker{most: maxBytes, open: openZstd} }, newZstdWriter),
	)
	const prefix = 5 // of a message: a flag and its length
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !IsGRPC(r.Header.Get("Content-Type")) {
			http.Error(w, "want Content-Type application/grpc", http.StatusUnsupportedMediaType)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, int64(maxBytes)+prefix)
		inner.ServeHTTP(w, r)
	})
}

// callError turns what an [Export] says into what the sender is told.
func callError(err error) error {
	var own *GRPCError
	var ready *connect.Error
	switch {
	case errors.As(err, &own):
		return own.connect()
	case errors.As(err, &ready):
		return ready
	case errors.Is(err, context.Canceled):
		return connect.NewError(connect.CodeCanceled, context.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		return connect.NewError(connect.CodeDeadlineExceeded, context.DeadlineExceeded)
	}
	if status := intake.Status(err); status != 0 {
		return connect.NewError(CodeOf(status), err)
	}
	return connect.NewError(connect.CodeUnavailable, errors.New("not stored, try again"))
}

// message is a request or an answer in its encoded form.
type message struct{ bytes []byte }

// rawCodec leaves our messages as they are. It goes by the name of protobuf, which is what they are, and so connect hands
// it the status of an error with details as well.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(m any) ([]byte, error) {
	switch m := m.(type) {
	case *message:
		return m.bytes, nil
	case proto.Message:
		return proto.Marshal(m)
	}
	return nil, fmt.Errorf("otlp: %T is no message", m)
}

// Unmarshal copies, since connect takes its buffer back.
func (rawCodec) Unmarshal(data []byte, m any) error {
	in, ok := m.(*message)
	if !ok {
		return fmt.Errorf("otlp: %T is no message", m)
	}
	in.bytes = append([]byte(nil), data...)
	return nil
}

// Deny answers a gRPC call that ends before its handler, with the code for an HTTP status: a 401 is Unauthenticated, a
// 429 ResourceExhausted, a 503 Unavailable. A Retry-After in seconds that w has already becomes a RetryInfo too. The
// answer is a 200 without a body, as gRPC wants it.
func Deny(w http.ResponseWriter, status int, message string) {
	message = strings.ToValidUTF8(message, "\uFFFD")
	code := cmp.Or(CodeOf(status), connect.CodeUnknown)
	h := w.Header()
	h.Set("Content-Type", "application/grpc")
	h.Set("Grpc-Status", fmt.Sprint(uint32(code)))
	if message != "" {
		h.Set("Grpc-Message", percent(message))
	}
	if after := retryAfter(h.Get("Retry-After")); after > 0 {
		h.Set("Grpc-Status-Details-Bin", statusDetails(code, message, after))
	}
	w.WriteHeader(http.StatusOK)
}
