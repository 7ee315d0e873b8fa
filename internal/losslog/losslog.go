// Package losslog tells of lost spans in a few lines: one a second after a loss, then at most one in ten seconds, each with
// the losses since the line before by reason, so that the sum of all lines is exact.
package losslog

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
	first    = time.Second      // from a loss to the line that tells of it
	interval = 10 * time.Second // between two such lines
)

// A Log counts losses by reason and writes a line now and then: never on the goroutine that counts, which may be that of the
// traced program.
type Log struct {
	write func(...slog.Attr)

	writing sync.Mutex // held while a line is written, which must not keep Add waiting

	mu     sync.Mutex
	counts map[string]int64
	timer  *time.Timer // until the next line; nil while none is due
	closed bool
}

// New returns a Log that hands the attributes of each line to write: lost, the sum, and by, a group with the number of each
// reason. Calls of write do not overlap.
func New(write func(...slog.Attr)) *Log { return &Log{write: write, counts: map[string]int64{}} }

// To returns a Log whose lines are warnings with this message.
func To(logger *slog.Logger, message string) *Log {
	return New(func(attrs ...slog.Attr) { logger.LogAttrs(context.Background(), slog.LevelWarn, message, attrs...) })
}

// OnLoss is for [pipeline.Config.OnLoss] of a pipeline whose items are spans.
func (l *Log) OnLoss(_, reason string, item any) {
	if u, ok := item.(pipeline.Unknown); ok {
		l.Add(reason, u.Items)
		return
	}
	l.Add(reason, 1)
}

// Add counts lost spans. It does not write.
func (l *Log) Add(reason string, spans int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[reason] += spans
	if l.timer == nil && !l.closed {
		l.timer = time.AfterFunc(first, l.tick)
	}
}

// tick writes what has come together, and stays away when that was nothing.
func (l *Log) tick() {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	counts := l.take()
	l.timer = nil
	if !l.closed && len(counts) > 0 {
		l.timer = time.AfterFunc(interval, l.tick)
	}
	l.mu.Unlock()
	l.print(counts)
}

// Close writes the rest. Nothing is written after it.
func (l *Log) Close() {
	l.writing.Lock() // a tick may be at it
	defer l.writing.Unlock()
	l.mu.Lock()
	counts := l.take()
	l.closed = true
	if l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()
	l.print(counts)
}

// take is called with mu held.
func (l *Log) take() map[string]int64 {
	counts := l.counts
	l.counts = map[string]int64{}
	return counts
}

func (l *Log) print(counts map[string]int64) {
	if len(counts) == 0 {
		return
	}
	var sum int64
	var by []any
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		sum += counts[reason]
		by = append(by, slog.Int64(reason, counts[reason]))
	}
	l.write(slog.Int64("lost", sum), slog.Group("by", by...))
}
