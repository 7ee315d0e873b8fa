package demo

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/tailrace-go/tailrace/span"
)

// bodies are request bodies as the exporters of Mastra 0.20, 0.24 and 1.x sent them, one trace each.
//
//go:embed captured/*.json
var bodies embed.FS

// captured returns the spans of the embedded bodies, a slice for each trace, in the order they were sent.
func captured() ([][]*span.Span, error) {
	names, err := fs.Glob(bodies, "captured/*.json")
	if err != nil {
		return nil, err
	}
	var traces [][]*span.Span
	for _, name := range names {
		body, err := bodies.ReadFile(name)
		if err != nil {
			return nil, err
		}
		spans, bad, err := span.DecodeBody(body)
		for _, b := range bad {
			err = errors.Join(err, b)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		traces = append(traces, spans)
	}
	return traces, nil
}
