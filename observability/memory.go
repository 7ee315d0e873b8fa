package observability

import (
	"context"
	"slices"
	"sync"

	"github.com/tailrace-go/tailrace/span"
)

// Memory is an exporter that keeps spans, for tests. Its zero value is ready. Nothing bounds it but Reset.
type Memory struct {
	mu     sync.Mutex
	spans  []*span.Span
	closed bool
	news   chan struct{} // closed and replaced when there is more, if somebody waits
}

// Export keeps s.
func (m *Memory) Export(_ context.Context, s *span.Span) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	m.spans = append(m.spans, s)
	if m.news != nil {
		close(m.news)
		m.news = nil
	}
	return nil
}

// Spans returns the spans in the order in which they ended. They are not to be changed.
func (m *Memory) Spans() []*span.Span {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.spans)
}

// Trace returns the spans of one trace, each before those below it, and else in the order in which they began.
func (m *Memory) Trace(id span.TraceID) []*span.Span {
	var trace []*span.Span
	for _, s := range m.Spans() {
		if s.TraceID == id {
			trace = append(trace, s)
		}
	}
	return flat(treesOf(trace))
}

// Reset forgets all spans.
func (m *Memory) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.spans = nil
}

// WaitFor returns the spans as soon as there are n of them, or ctx's error with what there is.
func (m *Memory) WaitFor(ctx context.Context, n int) ([]*span.Span, error) {
	for {
		spans, news := m.look()
		if len(spans) >= n {
			return spans, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return m.Spans(), ctx.Err()
		}
	}
}

// look returns what there is, and a channel that is closed when there is more.
func (m *Memory) look() ([]*span.Span, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.news == nil {
		m.news = make(chan struct{})
	}
	return slices.Clone(m.spans), m.news
}

// Flush returns nil: what was exported is there.
func (m *Memory) Flush(context.Context) error { return nil }

// Shutdown ends the exporter. Its spans stay.
func (m *Memory) Shutdown(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}
