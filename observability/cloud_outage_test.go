package observability_test

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
)

// heap is the live heap in bytes.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what pools keep over one collection
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// fresh makes a span that shares nothing with another, so that the heap shows what is kept. Half of
// its input does not compress.
func fresh(i, bytes int) *span.Span {
	var text strings.Builder
	text.Grow(bytes + 2)
	text.WriteByte('"')
	for x := uint64(i)*2654435761 + 1; text.Len() <= bytes/2; x = x*6364136223846793005 + 1442695040888963407 {
		text.WriteByte('0' + byte(x>>60))
		text.WriteByte('a' + byte(x>>56)%16)
	}
	for text.Len() <= bytes {
		text.WriteByte('x')
	}
	text.WriteByte('"')
	s := &span.Span{TraceID: "0af7651916cd43dd8448eb211c80319c", ID: idOf(i), Name: "n", Type: span.TypeGeneric, Start: time.Unix(1_763_000_000, 0), Input: span.Value(text.String())}
	s.Freeze()
	return s
}

// TestTenMinutesOutage is the promise of memory: while the endpoint is away and producers go on, the
// exporter keeps to MaxBytes and counts what it sheds; once the endpoint is back, it goes on.
func TestTenMinutesOutage(t *testing.T) {
	for _, c := range []struct {
		name       string
		policy     observability.CloudOverflow
		spanBytes  int
		down, back func(*sinktest.Collector)
	}{
		{"refused, large spans", observability.OverflowDropNewest, 40_000, (*sinktest.Collector).Down, (*sinktest.Collector).Up},
		{"503, small spans", observability.OverflowDropNewest, 2000, always(sinktest.Status(503)), (*sinktest.Collector).Heal},
		{"timeouts, the oldest dropped", observability.OverflowDropOldest, 4000, always(sinktest.Stall()), (*sinktest.Collector).Heal},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { outage(t, c.policy, c.spanBytes, c.down, c.back) })
		})
	}
	if !t.Failed() {
		faults.Happened(t, "net.ten-minutes", "memory within the budget + 10 %%, drops counted and told exactly, the first success within 2 s, the rest delivered")
	}
}

func outage(t *testing.T, policy observability.CloudOverflow, spanBytes int, down, back func(*sinktest.Collector)) {
	const maxBytes, producers = 16 << 20, 4
	c := sinktest.StartPipe(t, sinktest.Config{IDsOnly: true})
	var told atomic.Int64
	r := start(t, c, observability.CloudExporterConfig{
		MaxBytes: maxBytes, Overflow: policy,
		OnLoss: func(_, _ string, item any) {
			if weight, ok := item.(interface{ Items() int }); ok {
				told.Add(int64(weight.Items()))
				return
			}
			told.Add(1)
		},
	})
	next, burst := 0, 1<<20/spanBytes // a megabyte a second of each producer, then a fifth
	shared := fresh(0, spanBytes)
	produce := func(fill bool) {
		burst := burst
		if !fill {
			burst /= 5
		}
		var group sync.WaitGroup
		for range producers {
			from := next
			next += burst
			group.Go(func() {
				for i := range burst {
					s := shared.Clone()
					if s.ID = idOf(from + i); fill {
						s = fresh(from+i, spanBytes)
					}
					if err := r.Export(t.Context(), s); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
	}
	produce(true) // so that what is made once is made
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, most := heap(), int64(0)

	down(c)
	for second := range 600 {
		produce(second < 10) // by then it is full, and the memory of the rest shows no more
		time.Sleep(time.Second)
		if second%60 == 9 {
			synctest.Wait()
			most = max(most, heap()-before)
		}
	}
	if limit := int64(maxBytes + maxBytes/10); most > limit {
		t.Errorf("the exporter kept %d bytes, MaxBytes + 10 %% is %d", most, limit)
	}
	t.Logf("%d spans of %d bytes, %.1f MiB kept of %d MiB", next, spanBytes, float64(most)/(1<<20), maxBytes>>20)
	if r.State().Mode != observability.CloudRetrying {
		t.Errorf("state %v", r.State())
	}
	dropped := r.Stats().Ledger.Dropped
	if dropped == 0 || dropped != told.Load() {
		t.Errorf("dropped %d, told of %d", dropped, told.Load())
	}

	delivered := r.Stats().Ledger.Delivered
	back(c)
	returned := time.Now()
	for r.Stats().Ledger.Delivered == delivered && time.Since(returned) < time.Minute {
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
	}
	if took := time.Since(returned); took > 2*time.Second {
		t.Errorf("the first success came after %v", took)
	}
	err := r.shutdown(time.Hour)
	if lossOf(t, err).Ledger.Lost() != dropped {
		t.Errorf("%v, want %d lost", err, dropped)
	}
	r.account(pipeline.Ledger{Accepted: int64(next), Delivered: int64(next) - dropped, Dropped: dropped})
	if c.Len() != next-int(dropped) {
		t.Errorf("%d stored of %d, %d dropped", c.Len(), next, dropped)
	}
}
