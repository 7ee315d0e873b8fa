package otel

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

const (
	lossFirst    = time.Second      // from a loss to the line that tells of it
	lossInterval = 10 * time.Second // between two such lines
)

// lossLog counts lost spans by reason and writes a line now and then: never on the goroutine that counts, which may be
// that of the traced program.
type lossLog struct {
	logger *slog.Logger

	mu     sync.Mutex
	counts map[string]int64
	timer  *time.Timer // until the next line; nil while none is due
	closed bool

	writing sync.Mutex // held while a line is written, which must not keep add waiting
}

func newLossLog(logger *slog.Logger) *lossLog {
	return &lossLog{logger: logger, counts: map[string]int64{}}
}

// onLoss implements OnLoss of a pipeline.
func (l *lossLog) onLoss(_, reason string, item any) {
	if u, ok := item.(pipeline.Unknown); ok {
		l.add(reason, u.Items)
		return
	}
	l.add(reason, 1)
}

func (l *lossLog) add(reason string, spans int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[reason] += spans
	if l.timer == nil && !l.closed {
		l.timer = time.AfterFunc(lossFirst, l.tick)
	}
}

// tick writes what has come together, and stays away when that was nothing.
func (l *lossLog) tick() {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	counts := l.counts
	l.counts, l.timer = map[string]int64{}, nil
	if !l.closed && len(counts) > 0 {
		l.timer = time.AfterFunc(lossInterval, l.tick)
	}
	l.mu.Unlock()
	l.print(counts)
}

// close writes the rest. Nothing is written after it.
func (l *lossLog) close() {
	l.writing.Lock() // a tick may be at it
	defer l.writing.Unlock()
	l.mu.Lock()
	counts := l.counts
	l.counts, l.closed = map[string]int64{}, true
	if l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()
	l.print(counts)
}

func (l *lossLog) print(counts map[string]int64) {
	if len(counts) == 0 {
		return
	}
	var sum int64
	var by []any
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		sum += counts[reason]
		by = append(by, slog.Int64(reason, counts[reason]))
	}
	l.logger.LogAttrs(context.Background(), slog.LevelWarn, "otel: spans lost", slog.Int64("lost", sum), slog.Group("by", by...))
}
