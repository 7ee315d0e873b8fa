package observability_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
)

func TestBatchesAreSentWhenFullOrOld(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		for i := range 2500 {
			r.export(numbered(i))
		}
		synctest.Wait()
		if got := c.Len(); got != 2000 {
			t.Errorf("%d spans stored at once, want two full batches", got)
		}
		time.Sleep(5*time.Second - 1)
		synctest.Wait()
		if got := c.Len(); got != 2000 {
			t.Errorf("%d spans stored before MaxBatchWait", got)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		r.stored(2500)
		for _, request := range c.Requests() {
			if got := request.Header.Get("Authorization"); got != "Bearer "+fakeToken {
				t.Errorf("Authorization %q", got)
			}
			if got := request.Header.Get("X-Mastra-Observability-Capabilities"); got != "quota-pause-v1" {
				t.Errorf("capabilities %q", got)
			}
			if request.Path != "/ai/spans/publish" || request.Header.Get("Content-Type") != "application/json" {
				t.Errorf("path %q, type %q", request.Path, request.Header.Get("Content-Type"))
			}
		}
		r.stop()
		r.account(pipeline.Ledger{Accepted: 2500, Delivered: 2500})
	})
}

func TestBatchesAreBoundedInBytes(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{MaxBatchBytes: 64 << 10})
		for i := range 100 {
			r.export(sized(i, 10_000))
		}
		r.stop()
		r.stored(100)
		for _, request := range c.Requests() {
			if request.DecodedBytes > 64<<10 {
				t.Errorf("a request of %d bytes", request.DecodedBytes)
			}
		}
		if n := len(c.Requests()); n > 20 {
			t.Errorf("%d requests for a megabyte", n)
		}
	})
}

func TestExportRefuses(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{MaxSpanBytes: 8 << 10})
		for name, try := range map[string]func(*span.Span) error{
			"Export":    func(s *span.Span) error { return r.Export(t.Context(), s) },
			"TryExport": r.TryExport,
		} {
			if err := try(nil); err == nil || !strings.Contains(err.Error(), "nil") {
				t.Errorf("%s of no span: %v", name, err)
			}
			err := try(sized(0, 9000))
			if !errors.Is(err, pipeline.ErrTooLarge) || !strings.Contains(err.Error(), "CloudExporterConfig.MaxSpanBytes is 8192") || strings.Contains(err.Error(), "xxx") {
				t.Errorf("%s of a large span: %v", name, err)
			}
		}
		r.stop()
		if err := r.Export(t.Context(), numbered(0)); !errors.Is(err, pipeline.ErrClosed) {
			t.Errorf("Export after Shutdown: %v", err)
		}
		if err := r.TryExport(numbered(0)); !errors.Is(err, pipeline.ErrClosed) {
			t.Errorf("TryExport after Shutdown: %v", err)
		}
		if err := r.Flush(t.Context()); err != nil {
			t.Errorf("Flush after Shutdown: %v", err)
		}
		r.account(pipeline.Ledger{Refused: 6})
		if state := r.State(); state.Mode != observability.CloudClosed || state.Err != nil {
			t.Errorf("state %+v", state)
		}
	})
}

// A span that nobody has frozen is copied, since its maker may go on to change it, and since the
// exporter writes to no span.
func TestExportCopiesWhatIsNotFrozen(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		s := &span.Span{TraceID: "t", ID: "s", Name: "before", Input: `{ "a" : 1 }`, Error: &span.Error{Message: "before", Details: ` 1 `}, Tags: []string{"before"}}
		was := s.Clone()
		r.export(s)
		if !reflect.DeepEqual(s, was) {
			t.Errorf("Export made %+v of %+v", s, was)
		}
		s.Name, s.Input, s.Error.Message, s.Tags[0] = "after", `"after"`, "after", "after"
		r.stop()
		if got := string(c.Records()[0].JSON); strings.Contains(got, "after") || !strings.Contains(got, `"input":{"a":1}`) {
			t.Errorf("sent %s", got)
		}
	})
}

// stalled starts an exporter whose endpoint takes requests and does not answer.
func stalled(t *testing.T, c *sinktest.Collector, cfg observability.CloudExporterConfig) *rig {
	c.Set(sinktest.Stall())
	cfg.Senders, cfg.MaxSenders, cfg.MaxBatchSize = 1, 1, 10
	return start(t, c, cfg)
}

func TestOverflow(t *testing.T) {
	const spans = 1000
	for _, policy := range []observability.CloudOverflow{"", observability.OverflowDropNewest, observability.OverflowDropOldest} {
		t.Run(string(policy), func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				lost := map[span.ID]bool{}
				r := stalled(t, c, observability.CloudExporterConfig{
					Queue: 100, Overflow: policy,
					OnLoss: func(_, reason string, item any) {
						lost[item.(*span.Span).ID] = true
						if reason != pipeline.ReasonQueueFull {
							t.Errorf("lost for %s", reason)
						}
					},
				})
				for i := range spans {
					r.export(numbered(i))
					synctest.Wait()
				}
				dropped := r.Stats().Ledger.Dropped
				if dropped < spans/2 || dropped > spans-100 || dropped != int64(len(lost)) {
					t.Errorf("dropped %d of %d, told of %d", dropped, spans, len(lost))
				}
				if newest := lost[idOf(spans-1)]; newest != (policy != observability.OverflowDropOldest) {
					t.Errorf("the newest was dropped: %v", newest)
				}
				c.Heal()
				c.Down()
				c.Up()
				err := r.shutdown(time.Hour)
				if loss := lossOf(t, err); loss.Ledger.Lost() != dropped {
					t.Errorf("%v, want %d lost", loss, dropped)
				}
				r.account(pipeline.Ledger{Accepted: spans, Delivered: spans - dropped, Dropped: dropped})
			})
		})
	}
	t.Run("block", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *sinktest.Collector) {
			r := stalled(t, c, observability.CloudExporterConfig{Queue: 100, Overflow: observability.OverflowBlock})
			n := 0
			for ; ; n++ {
				if err := r.TryExport(numbered(n)); err != nil {
					if !errors.Is(err, pipeline.ErrFull) {
						t.Errorf("TryExport without room: %v", err)
					}
					synctest.Wait()
					if err := r.TryExport(numbered(n)); errors.Is(err, pipeline.ErrFull) {
						break
					}
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := r.Export(ctx, numbered(n)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Export without room: %v", err)
			}
			c.Heal()
			c.Down()
			c.Up()
			r.export(numbered(n))
			r.stop()
			r.stored(n + 1)
		})
	})
}

func TestFlush(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		for i := range 10 {
			r.export(numbered(i))
		}
		if err := r.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		r.stored(10)
		c.Set(sinktest.Status(503))
		r.export(numbered(10))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begun := time.Now()
		if err := r.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "http") || time.Since(begun) != 3*time.Second {
			t.Errorf("Flush while the endpoint is down: %v after %v", err, time.Since(begun))
		}
		c.Heal()
		if err := r.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		r.stored(11)
		r.stop()
	})
}

func TestVerify(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		if err := r.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		if q := c.Requests()[0]; q.Records != 0 || q.Status != 200 || q.Header.Get("Authorization") == "" {
			t.Errorf("asked with %+v", q)
		}
		c.Script(sinktest.Status(401))
		err := r.Verify(t.Context())
		var status *sink.StatusError
		if !errors.As(err, &status) || status.Code != 401 || !strings.Contains(err.Error(), "http://127.0.0.1:1/ai/spans/publish") {
			t.Errorf("with a bad token: %v", err)
		}
		r.stop()
	})
}

// fill exports spans to an endpoint with this fault and waits until nothing moves.
func fill(f sinktest.Fault) func(r *rig, spans int) {
	return func(r *rig, spans int) {
		r.c.Set(f)
		for i := range spans {
			r.export(numbered(i))
		}
		time.Sleep(time.Second)
		synctest.Wait()
	}
}

// Whoever calls Shutdown, and when, gets the same.
func TestShutdownIsOneForAll(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		fill(sinktest.Status(404))(r, 1000)
		var callers sync.WaitGroup
		results := make([]error, 10)
		for i := range results {
			callers.Go(func() {
				time.Sleep(time.Duration(i/5) * time.Second)
				results[i] = r.shutdown(time.Minute)
			})
		}
		callers.Wait()
		for _, err := range results {
			if loss := lossOf(t, err); loss != lossOf(t, results[0]) || loss.Ledger.Failed != 1000 {
				t.Errorf("got %v, another caller %v", err, results[0])
			}
		}
	})
}

func TestDrainTimeout(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{DrainTimeout: 2 * time.Second})
		fill(sinktest.Status(503))(r, 10)
		begun := time.Now()
		err := r.shutdown(time.Hour)
		if loss := lossOf(t, err); loss.Ledger.Abandoned != 10 || time.Since(begun) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

// Ten thousand goroutines export while others flush, look and shut down: each span is accepted and
// in a column, or refused.
func TestManyExportWhileOthersFlushAndShutDown(t *testing.T) {
	const producers = 10_000
	c := sinktest.Start(t, sinktest.Config{Token: fakeToken, IDsOnly: true})
	for _, policy := range []observability.CloudOverflow{observability.OverflowDropNewest, observability.OverflowDropOldest, observability.OverflowBlock} {
		t.Run(string(policy), func(t *testing.T) {
			r := start(t, c, observability.CloudExporterConfig{MaxBatchWait: 20 * time.Millisecond, MaxBatchSize: 100, Queue: 500, Overflow: policy})
			var exporting, watching sync.WaitGroup
			var mu sync.Mutex
			var accepted, refused int64
			watch, done := context.WithCancel(t.Context())
			for range 3 {
				watching.Go(func() {
					for watch.Err() == nil {
						_ = r.Stats()
						if err := r.Flush(watch); err != nil && watch.Err() == nil {
							t.Errorf("Flush: %v", err)
						}
					}
				})
			}
			half := make(chan struct{})
			for i := range producers {
				if i == producers/2 {
					close(half)
				}
				exporting.Go(func() {
					var ok, no int64
					for n := range 4 {
						var err error
						if n%2 == 0 {
							err = r.Export(t.Context(), numbered(i*4+n))
						} else {
							err = r.TryExport(numbered(i*4 + n))
						}
						switch {
						case err == nil:
							ok++
						case errors.Is(err, pipeline.ErrClosed), errors.Is(err, pipeline.ErrFull):
							no++
						default:
							t.Errorf("Export: %v", err)
						}
					}
					mu.Lock()
					accepted, refused = accepted+ok, refused+no
					mu.Unlock()
				})
			}
			<-half
			err := r.shutdown(time.Minute)
			exporting.Wait()
			done()
			watching.Wait()
			l := r.Stats().Ledger
			if l.Accepted != accepted || l.Refused != refused || l.Balance() != 0 || l.InFlight != 0 || accepted+refused != 4*producers {
				t.Errorf("%d accepted, %d refused; ledger %+v, balance %d", accepted, refused, l, l.Balance())
			}
			if l.Lost() > 0 && lossOf(t, err).Ledger.Lost() != l.Lost() || l.Lost() == 0 && err != nil || l.Failed+l.Abandoned > 0 {
				t.Errorf("Shutdown: %v, ledger %+v", err, l)
			}
		})
	}
	if err := c.Ledger().Check(); err != nil {
		t.Error(err)
	}
}

// The run's own errors come to light: in State, in the log and from Shutdown.
func TestTheEndOfTheRunIsSeen(t *testing.T) {
	for _, m := range []observability.CloudMode{observability.CloudSending, observability.CloudRetrying, observability.CloudPaused, observability.CloudClosed, observability.CloudDisabled, 77} {
		if m.String() == "" {
			t.Errorf("mode %d has no name", uint8(m))
		}
	}
	if got := fmt.Sprint(observability.CloudMode(77)); got != "CloudMode(77)" {
		t.Error(got)
	}
}
