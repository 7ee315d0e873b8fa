package observability

import (
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// lossEvery is how often a pipeline that goes on losing says so.
const lossEvery = 10 * time.Second

// lossLog says what a pipeline loses: at once for the first span, then in one line for all of each period.
type lossLog struct {
	logger *slog.Logger
	mu     sync.Mutex
	counts map[string]int64 // by stage and reason, since the last line
	next   time.Time
}

func newLossLog(logger *slog.Logger, attrs ...any) *lossLog {
	return &lossLog{logger: logger.With(attrs...), counts: map[string]int64{}}
}

// note implements OnLoss of a pipeline.
func (l *lossLog) note(stage, reason string, item any) {
	n := int64(1)
	if u, ok := item.(pipeline.Unknown); ok {
		n = u.Items
	}
	l.mu.Lock()
	l.counts[stage+": "+reason] += n
	now := time.Now()
	due := !now.Before(l.next)
	if due {
		l.next = now.Add(lossEvery)
	}
	l.mu.Unlock()
	if due {
		l.rest()
	}
}

// rest writes what has come together since the last line. The lock is not held meanwhile: the handler may be traced
// itself, and lose a span.
func (l *lossLog) rest() {
	l.mu.Lock()
	counts := l.counts
	l.counts = map[string]int64{}
	l.mu.Unlock()
	if len(counts) == 0 {
		return
	}
	attrs := make([]any, 0, len(counts))
	for _, why := range slices.Sorted(maps.Keys(counts)) {
		attrs = append(attrs, slog.Int64(why, counts[why]))
	}
	l.logger.Warn("observability: spans lost", slog.Group("lost", attrs...))
}
