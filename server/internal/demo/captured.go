package demo

import (
	"errors"
	"fmt"

	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/span"
)

// readCaptured returns the spans of the captured bodies, a slice for each trace, in the order they were sent.
func readCaptured() ([][]*span.Span, error) {
	var traces [][]*span.Span
	for _, name := range captured.Names() {
		spans, bad, err := span.DecodeBody(captured.Body(name))
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
