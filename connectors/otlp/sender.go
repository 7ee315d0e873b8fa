package otlp

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tailrace-go/tailrace/sink"
)

// HTTPConfig holds the settings of a sender of OTLP over HTTP.
type HTTPConfig struct {
	// Endpoint is the base URL, such as https://collector.example:4318, to which /v1/traces is added, as
	// OTEL_EXPORTER_OTLP_ENDPOINT has it. Without it, Sink.Endpoint is the URL whole.
	Endpoint string

	Format Format // of the bodies, as the [Codec] has it; it says how the endpoint is probed

	// Sink has all else: headers, TLS, retries, the spool. Where they are not set, Retries, ReadAnswer, Probe and
	// ProbeType are those of OTLP.
	Sink sink.HTTPConfig
}

// NewHTTP makes a sender of bodies that a [Codec] wrote to an endpoint of OTLP over HTTP. It tries again after 429, 502,
// 503 and 504, as Retry-After says, and where there is no answer; it cuts a body after a 413, and after a 415 sends plain
// what was compressed. After any other answer but 2xx the body has failed: rejected. The spans that a partial success
// rejects have failed too, under the same reason. An error in cfg is reported by the Run of the pipeline.
//
// https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
func NewHTTP(cfg HTTPConfig) *sink.HTTPSender {
	c := cfg.Sink
	if cfg.Endpoint != "" {
		c.Endpoint = tracesURL(cfg.Endpoint)
	}
	if c.Retries == nil {
		c.Retries = Retryable
	}
	if c.ReadAnswer == nil {
		c.ReadAnswer = ReadAnswer
	}
	if len(c.Probe) == 0 {
		c.Probe, c.ProbeType = []byte{0x0a, 0}, Protobuf.ContentType() // a ResourceSpans of nothing, since no bytes are no probe
		if cfg.Format == JSON {
			c.Probe, c.ProbeType = []byte(`{"resourceSpans":[]}`), JSON.ContentType()
		}
	}
	return sink.NewHTTP(c)
}

// tracesURL adds the path to a base URL. One that is none stays as it is, for the sink to refuse it.
func tracesURL(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	return u.JoinPath(Path).String()
}

// Retryable reports whether a sender of OTLP over HTTP tries again after this status.
//
// https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes
func Retryable(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// ReadAnswer reads the body of an answer, the reverse of [Response] and [Status]: how many spans a 200 rejects, and what
// any answer says in words. What cannot be read rejects nothing.
func ReadAnswer(status int, contentType string, answer []byte) (rejected int, message string) {
	format, known := FormatOf(contentType)
	ok := status >= 200 && status < 300
	switch {
	case !known:
		if media, _, _ := strings.Cut(contentType, ";"); media == "text/plain" || media == "application/problem+json" {
			return 0, string(answer)
		}
		return 0, ""
	case ok && format == JSON:
		return readResponseJSON(answer)
	case ok:
		return readResponse(answer)
	case format == JSON:
		var s struct{ Message string }
		if json.Unmarshal(answer, &s) != nil || s.Message == "" {
			return 0, string(answer)
		}
		return 0, s.Message
	}
	f := fields{rest: answer}
	for f.next() {
		if f.is(2) {
			message = valid(f.bytes)
		}
	}
	if f.broken {
		return 0, ""
	}
	return 0, message
}

func readResponse(answer []byte) (rejected int, message string) {
	f := fields{rest: answer}
	for f.next() {
		if !f.is(1) {
			continue
		}
		partial := fields{rest: f.bytes}
		for partial.next() {
			switch {
			case partial.num == 1 && partial.typ == protowire.VarintType && partial.n <= math.MaxInt32:
				rejected = int(partial.n)
			case partial.is(2):
				message = valid(partial.bytes)
			}
		}
		if partial.broken {
			return 0, ""
		}
	}
	if f.broken {
		return 0, ""
	}
	return rejected, message
}

func readResponseJSON(answer []byte) (rejected int, message string) {
	s := scannerOf(string(answer))
	r := jsonReader{collector: &collector{}, scanner: s}
	var n uint64
	if !r.members(func(key string) bool {
		if key != "partialSuccess" && key != "partial_success" {
			return r.Skip()
		}
		return r.members(func(key string) bool {
			switch key {
			case "rejectedSpans", "rejected_spans":
				return r.number("rejectedSpans", &n)
			case "errorMessage", "error_message":
				return r.text("errorMessage", &message)
			}
			return r.Skip()
		})
	}) || n > math.MaxInt32 {
		return 0, ""
	}
	return int(n), message
}
