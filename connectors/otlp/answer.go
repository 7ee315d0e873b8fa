package otlp

import (
	"net/http"
	"strconv"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tailrace-go/tailrace/span"
)

// Response is the body of a 200: an ExportTraceServiceResponse. It is empty (in JSON, an empty object) when all was
// taken; else it has a partial success, with how many spans were refused and why. A message without rejected spans is a
// warning. The sender must not retry either.
func Response(f Format, rejected int, message string) []byte {
	message = strings.ToValidUTF8(message, "\uFFFD")
	rejected = max(rejected, 0)
	if f == JSON {
		if rejected == 0 && message == "" {
			return []byte("{}")
		}
		b := []byte(`{"partialSuccess":{`)
		if rejected > 0 {
			b = append(strconv.AppendInt(append(b, `"rejectedSpans":"`...), int64(rejected), 10), '"')
		}
		if message != "" {
			if rejected > 0 {
				b = append(b, ',')
			}
			b = span.AppendText(append(b, `"errorMessage":`...), message)
		}
		return append(b, "}}"...)
	}
	if rejected == 0 && message == "" {
		return []byte{}
	}
	var partial []byte
	if rejected > 0 {
		partial = protowire.AppendTag(partial, 1, protowire.VarintType)
		partial = protowire.AppendVarint(partial, uint64(rejected))
	}
	partial = appendString(partial, 2, message)
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), partial)
}

// Status is the body of a 4xx or 5xx: a google.rpc.Status, whose code is the one of gRPC for that HTTP status.
func Status(f Format, status int, message string) []byte {
	message = strings.ToValidUTF8(message, "\uFFFD")
	code := CodeOf(status)
	if f == JSON {
		b := strconv.AppendUint([]byte(`{"code":`), uint64(code), 10)
		return append(span.AppendText(append(b, `,"message":`...), message), '}')
	}
	return appendStatus(nil, code, message)
}

// appendStatus appends a google.rpc.Status: code, message and details, each of them an encoded Any.
func appendStatus(b []byte, code connect.Code, message string, details ...[]byte) []byte {
	if code != 0 {
		b = protowire.AppendVarint(protowire.AppendTag(b, 1, protowire.VarintType), uint64(code))
	}
	b = appendString(b, 2, message)
	for _, d := range details {
		b = protowire.AppendBytes(protowire.AppendTag(b, 3, protowire.BytesType), d)
	}
	return b
}

func appendString(b []byte, field protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

// CodeOf is the gRPC code for an HTTP status, chosen so that an OTLP sender does the same over either: it retries after
// 408, 429, 502, 503 and 504, and after nothing else. ResourceExhausted is retried only with a RetryAfter, so that 413
// and 429 are told apart.
func CodeOf(status int) connect.Code {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return connect.CodeInvalidArgument
	case http.StatusUnauthorized:
		return connect.CodeUnauthenticated
	case http.StatusForbidden, http.StatusPaymentRequired:
		return connect.CodePermissionDenied
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType, http.StatusNotImplemented:
		return connect.CodeUnimplemented
	case http.StatusConflict:
		return connect.CodeAborted
	case http.StatusRequestEntityTooLarge, http.StatusTooManyRequests, http.StatusInsufficientStorage:
		return connect.CodeResourceExhausted
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return connect.CodeUnavailable
	}
	switch {
	case status >= 200 && status < 300:
		return 0
	case status >= 400 && status < 500:
		return connect.CodeFailedPrecondition
	}
	return connect.CodeInternal
}
