package exporters

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailrace-go/tailrace/span"
)

// each decodes a body and calls f for each span in it.
func (b body) each(f func(id [8]byte, prompt, completion string)) error {
	plain, err := b.plain()
	if err != nil {
		return err
	}
	switch b.contentType {
	case "application/json":
		return eachRecord(plain, f)
	case "application/x-protobuf":
		return eachOTLP(plain, f)
	}
	return fmt.Errorf("a body of type %q", b.contentType)
}

// plain undoes the compression.
func (b body) plain() ([]byte, error) {
	switch b.encoding {
	case "":
		return b.data, nil
	case "gzip":
		r, err := gzip.NewReader(bytes.NewReader(b.data))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	case "zstd":
		r, err := zstd.NewReader(bytes.NewReader(b.data), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return io.ReadAll(r)
	}
	return nil, fmt.Errorf("a body in the encoding %q", b.encoding)
}

// eachRecord reads the wire of package span.
func eachRecord(plain []byte, f func(id [8]byte, prompt, completion string)) error {
	spans, bad, err := span.DecodeBody(plain)
	if err != nil {
		return err
	}
	if len(bad) > 0 {
		return bad[0]
	}
	for _, s := range spans {
		id, ok := s.ID.Bytes()
		prompt, isText := s.Input.Text()
		completion, alsoText := s.Output.Text()
		if !ok || !isText || !alsoText || s.Name == "" || s.Attributes == "" || s.Metadata == "" || s.Duration() <= 0 {
			return fmt.Errorf("the record of span %s is not whole", s.ID)
		}
		f(id, prompt, completion)
	}
	return nil
}

// eachOTLP reads OpenTelemetry's protobuf.
func eachOTLP(plain []byte, f func(id [8]byte, prompt, completion string)) error {
	all, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(plain)
	if err != nil {
		return err
	}
	for _, rs := range all.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				prompt, ok := s.Attributes().Get(promptKey)
				completion, also := s.Attributes().Get(completionKey)
				if !ok || !also || s.Attributes().Len() != 14 {
					return errors.New("a span of OTLP is not whole")
				}
				f(s.SpanID(), prompt.Str(), completion.Str())
			}
		}
	}
	return nil
}
