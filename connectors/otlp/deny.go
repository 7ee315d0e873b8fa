package otlp

import (
	"encoding/base64"
	"math"
	"strconv"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protowire"
)

// retryAfter reads the seconds of a Retry-After; 0 for none, or a date.
func retryAfter(header string) time.Duration {
	seconds, err := strconv.ParseUint(header, 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(min(seconds, math.MaxInt32)) * time.Second
}

// statusDetails is the whole google.rpc.Status in the form of a binary header.
func statusDetails(code connect.Code, message string, after time.Duration) string {
	detail := appendString(nil, 1, retryInfoURL)
	detail = protowire.AppendBytes(protowire.AppendTag(detail, 2, protowire.BytesType), retryInfo(after))
	return base64.RawStdEncoding.EncodeToString(appendStatus(nil, code, message, detail))
}

// percent encodes a message for a header as gRPC has it: all but printable ASCII, and the percent sign itself.
//
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
func percent(message string) string {
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, len(message))
	for _, b := range []byte(message) {
		if b < ' ' || b > '~' || b == '%' {
			out = append(out, '%', hex[b>>4], hex[b&15])
		} else {
			out = append(out, b)
		}
	}
	return string(out)
}
