package otlp

import (
	"mime"
)

// Format is how an OTLP body is written.
type Format uint8

// The formats of OTLP over HTTP. gRPC always carries Protobuf.
const (
	Protobuf Format = iota
	JSON
)

// FormatOf finds the format by a Content-Type, whose parameters do not matter; false for any other, which is a 415.
func FormatOf(contentType string) (Format, bool) {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil && media == "" {
		return 0, false
	}
	switch media {
	case "application/x-protobuf", "application/protobuf":
		return Protobuf, true
	case "application/json":
		return JSON, true
	}
	return 0, false
}

// ContentType is the header of that name for a body in this format: an answer has the format of its request.
func (f Format) ContentType() string {
	if f == JSON {
		return "application/json"
	}
	return "application/x-protobuf"
}

// String names the format: protobuf or json.
func (f Format) String() string {
	if f == JSON {
		return "json"
	}
	return "protobuf"
}
