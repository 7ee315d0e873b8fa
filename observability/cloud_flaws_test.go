package observability_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
	"go.uber.org/goleak"
)

// The flaws of the JavaScript exporters, by their numbers, and ours without them. Those that concern
// what happens to a span before it is exported (18 to 21 and 26) are tested with the tracer and the
// filter, those of the server (parts of 16, 22 and 24) there.

// A batch is lost for good after three attempts. Ours is tried for MaxElapsed, and counted when that
// is over.
func TestFlaw01BatchLostAfterThreeAttempts(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		c.Set(sinktest.Status(500))
		for i := range 100 {
			r.export(numbered(i))
		}
		time.Sleep(10 * time.Minute)
		c.Heal()
		r.stop()
		r.stored(100)
	})
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		// Only bodies fail, so that the endpoint is not down and each runs out of its own time.
		c.Set(sinktest.Chain(sinktest.Delay(0), sinktest.When(func(q sinktest.Request) bool { return q.Records > 0 }, sinktest.Status(500))))
		r.export(numbered(0))
		time.Sleep(20 * time.Minute)
		if r.reason(pipeline.ReasonRetriesExpired) != 1 {
			t.Errorf("losses %v", r.Stats().Losses)
		}
		_ = r.shutdown(time.Minute)
	})
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{MaxRetries: 2})
		c.Set(sinktest.Status(408))
		r.export(numbered(0))
		time.Sleep(20 * time.Minute)
		if r.reason(pipeline.ReasonRetriesExhausted)+r.reason(pipeline.ReasonRetriesExpired) != 1 {
			t.Errorf("losses %v", r.Stats().Losses)
		}
		_ = r.shutdown(time.Minute)
	})
}

// The pause between attempts is always 10 s. Ours is drawn from a range that doubles.
func TestFlaw02PausesDoNotGrow(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{MaxBatchWait: time.Millisecond})
		c.Set(sinktest.Status(429)) // says that the endpoint is there, so no breaker paces it
		r.export(numbered(0))
		time.Sleep(10 * time.Minute)
		requests := c.Requests()
		pauses := map[time.Duration]bool{}
		var longest time.Duration
		for i := 1; i < len(requests); i++ {
			pause := requests[i].Time.Sub(requests[i-1].Time)
			pauses[pause] = true
			longest = max(longest, pause)
			if i == 1 && pause > 2*time.Second {
				t.Errorf("the first pause is %v", pause)
			}
		}
		if len(pauses) < len(requests)/2 || longest > 30*time.Second || longest < 10*time.Second {
			t.Errorf("%d pauses, %d of them different, the longest %v", len(requests)-1, len(pauses), longest)
		}
		c.Heal()
		r.stop()
	})
}

// Replies that no retry can mend are retried. Ours are final at once.
func TestFlaw03PermanentRepliesAreRetried(t *testing.T) {
	for _, code := range []int{404, 405, 410, 422, 501} {
		bubble(t, func(t *testing.T, c *sinktest.Collector) {
			r := start(t, c, observability.CloudExporterConfig{})
			fill(sinktest.Status(code))(r, 1000)
			_ = r.shutdown(time.Minute)
			if n := len(c.Requests()); n != 1 || r.reason(pipeline.ReasonRejected) != 1000 {
				t.Errorf("%d: %d requests, losses %v", code, n, r.Stats().Losses)
			}
		})
	}
}

// Batches are bounded in number alone, and a 413 loses them. Ours are bounded in bytes, and halved.
func TestFlaw04BatchesAreNotBoundedInBytes(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		c.Set(sinktest.TooLarge(100 << 10))
		for i := range 40 {
			r.export(sized(i, 50_000))
		}
		r.export(sized(40, 120_000)) // alone too large for this endpoint
		err := r.shutdown(time.Minute)
		if lossOf(t, err).Ledger.Failed != 1 || r.reason(pipeline.ReasonTooLarge) != 1 {
			t.Errorf("%v", err)
		}
		r.stored(40)
	})
}

// Retry-After is ignored, and a server that is down is hammered. Ours asks once a second.
func TestFlaw05NoRetryAfterAndNoBreaker(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{MaxBatchWait: time.Millisecond})
		c.Script(sinktest.Status(429, "Retry-After", "20"))
		r.export(numbered(0))
		time.Sleep(19 * time.Second)
		if n := len(c.Requests()); n != 1 {
			t.Errorf("%d requests within Retry-After", n)
		}
		time.Sleep(15 * time.Second)
		r.stored(1)
		r.stop()
	})
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{MaxBatchSize: 10})
		c.Set(sinktest.Status(500))
		for i := range 1000 {
			r.export(numbered(i))
		}
		time.Sleep(10 * time.Second)
		before := len(c.Requests())
		time.Sleep(time.Minute)
		if n := len(c.Requests()) - before; n < 40 || n > 120 {
			t.Errorf("%d requests in a minute for a hundred batches", n)
		}
		c.Heal()
		r.stop()
		r.stored(1000)
	})
}

// Nothing is compressed.
func TestFlaw06NoCompression(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		for i := range 1000 {
			r.export(sized(i, 200))
		}
		r.stop()
		if q := c.Requests()[0]; q.EncodedBytes*10 > q.DecodedBytes {
			t.Errorf("%d bytes were sent as %d", q.DecodedBytes, q.EncodedBytes)
		}
	})
}

// Memory and requests have no bound. TestTenMinutesOutage is about memory.
func TestFlaw07NoBounds(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		var now, most atomic.Int64
		c.Set(sinktest.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(time.Second)
			now.Add(-1)
			w.WriteHeader(http.StatusNoContent)
		})))
		r := start(t, c, observability.CloudExporterConfig{MaxBatchSize: 5})
		for i := range 2000 {
			r.export(numbered(i))
		}
		r.stop()
		if m := most.Load(); m > 16 || m < 4 {
			t.Errorf("%d requests at once", m)
		}
	})
}

// A flush under load sends whatever is there, so that requests get tiny. Ours still fills batches.
func TestFlaw08TinyBatchesUnderLoad(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		for i := range 3600 {
			r.export(numbered(i))
			time.Sleep(time.Millisecond)
		}
		r.stop()
		r.stored(3600)
		if n := len(c.Requests()); n > 5 {
			t.Errorf("%d requests for 3600 spans", n)
		}
	})
}

// A flush under constant load may never return. Ours covers what came before it, and obeys ctx.
func TestFlaw09FlushNeverReturns(t *testing.T) {
	c := sinktest.Start(t, sinktest.Config{Token: fakeToken, IDsOnly: true})
	r := start(t, c, observability.CloudExporterConfig{})
	ctx, cancel := context.WithCancel(t.Context())
	var producers sync.WaitGroup
	for range 4 {
		producers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if err := r.TryExport(numbered(i)); err != nil {
					t.Error(err)
				}
				runtime.Gosched()
			}
		})
	}
	for range 5 {
		if err := r.Flush(t.Context()); err != nil {
			t.Error(err)
		}
	}
	c.Set(sinktest.Stall())
	short, stop := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	stop(why)
	if err := r.Flush(short); !errors.Is(err, why) {
		t.Errorf("Flush with a context that has ended: %v", err)
	}
	cancel()
	producers.Wait()
	c.Heal()
	c.Down()
	c.Up()
	_ = r.shutdown(time.Minute) // what was shed
	r.account(pipeline.Ledger{})
}

// Shutdown loses uploads in flight. Ours waits for them. TestShutdownOnSignal is about signals.
func TestFlaw10ShutdownLosesUploads(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		fill(sinktest.AnswerLate(1500*time.Millisecond))(r, 1000)
		r.stop()
		r.account(pipeline.Ledger{Accepted: 1000, Delivered: 1000})
	})
}

// A redirect loses the batch in silence, or takes the token along. Ours holds the batch and follows
// nowhere.
func TestFlaw11RedirectsAreFollowed(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		bubble(t, func(t *testing.T, c *sinktest.Collector) {
			r := start(t, c, observability.CloudExporterConfig{})
			fill(sinktest.Redirect(code, c.URL()+"/elsewhere"))(r, 1000)
			time.Sleep(time.Minute)
			state := r.State()
			if state.Mode != observability.CloudPaused || r.Stats().Ledger.InFlight != 1000 {
				t.Errorf("%d: %v, ledger %+v", code, state, r.Stats().Ledger)
			}
			for _, q := range c.Requests() {
				if q.Method != http.MethodPost || q.Path == "/elsewhere" {
					t.Errorf("%d: %s %s", code, q.Method, q.Path)
				}
			}
			c.Heal()
			r.stop()
			r.stored(1000)
		})
	}
}

// One value that JSON does not know loses the whole batch. Ours loses its span.
func TestFlaw12OneBadSpanLosesTheBatch(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		for i := range 500 {
			r.export(numbered(i))
		}
		r.export(&span.Span{TraceID: "t", ID: "bad", Input: "10n"})
		for i := range 499 {
			r.export(numbered(500 + i))
		}
		err := r.shutdown(time.Minute)
		if lossOf(t, err).Ledger.Failed != 1 || r.reason(pipeline.ReasonEncode) != 1 {
			t.Errorf("%v", err)
		}
		r.stored(999)
	})
}

// Errors reach nobody, and nothing is counted.
func TestFlaw13ErrorsReachNobody(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		var told []string
		r := start(t, c, observability.CloudExporterConfig{OnLoss: func(stage, reason string, item any) {
			body, ok := item.(*pipeline.Body)
			if !ok || body.Items() != 1000 || stage != "http" {
				t.Errorf("stage %s lost %T", stage, item)
			}
			told = append(told, reason)
		}})
		fill(sinktest.Respond(422, "no span has a name", "Content-Type", "text/plain"))(r, 1000)
		if strings.Join(told, " ") != "rejected" {
			t.Errorf("told of %q", told)
		}
		stats := r.Stats()
		if stats.Ledger.Failed != 1000 || stats.HTTP.Statuses[4] != 1 || !strings.Contains(stats.HTTP.LastError.Error(), "no span has a name") {
			t.Errorf("stats %+v", stats)
		}
		if err := r.shutdown(time.Minute); err == nil || !strings.Contains(err.Error(), "no span has a name") {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

// Events after shutdown are accepted.
func TestFlaw14AcceptedAfterShutdown(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		r.stop()
		if err := r.Export(t.Context(), numbered(0)); !errors.Is(err, pipeline.ErrClosed) {
			t.Errorf("Export: %v", err)
		}
		time.Sleep(time.Hour)
		if c.Ledger().Requests != 0 {
			t.Error("it was sent")
		}
	})
}

// A timer keeps the process alive. Ours leaves nothing: the bubble would not end otherwise, and
// goleak looks after the others.
func TestFlaw15TimerOutlivesShutdown(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	synctest.Test(t, func(t *testing.T) {
		c := sinktest.StartPipe(t, sinktest.Config{})
		r := start(t, c, observability.CloudExporterConfig{})
		fill(sinktest.Status(503))(r, 3000)
		_ = r.shutdown(0)
	})
}

// A size flush splits a trace. Ours may too; nothing of it is lost, and the parent may come later.
func TestFlaw16TracesAreSplit(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{MaxBatchSize: 7})
		for i := range 50 {
			r.export(numbered(i))
		}
		r.stop()
		r.stored(50)
	})
}

// Values are written twice in 1.x.
func TestFlaw17ValuesAreSentTwice(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		r.export(numbered(0))
		r.stop()
		record := object(t, c.Records()[0].JSON)
		for _, key := range []string{"id", "type", "startTime", "endTime", "errorInfo"} {
			if value, ok := record[key]; ok {
				t.Errorf("%s is %v, which another key says too", key, value)
			}
		}
	})
}

// After a lost answer a batch may be stored twice, since it has no key.
func TestFlaw22NoIdempotencyKey(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		c.Script(sinktest.AnswerLost(), sinktest.Status(503))
		c.Script(sinktest.AnswerLost())
		for i := range 1000 {
			r.export(numbered(i))
		}
		r.stop()
		r.stored(1000)
		keys := map[string]bool{}
		for _, q := range c.Requests() {
			if q.Key == "" {
				t.Error("a request without a key")
			}
			if q.Records > 0 {
				keys[q.Key] = true
			}
		}
		if len(keys) != 1 {
			t.Errorf("one batch was sent under %d keys", len(keys))
		}
	})
}

// A refused token drops everything for minutes, a used-up quota empties the buffer. Ours keeps both
// what waits and what comes, and goes on at once with a new token. TestQuotaPause is about the quota.
func TestFlaw23PausesEmptyTheBuffer(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		var token atomic.Value
		token.Store("mst_old-token-of-a-test-0000")
		r := start(t, c, observability.CloudExporterConfig{TokenSource: func(context.Context) (string, error) { return token.Load().(string), nil }})
		for i := range 5000 {
			r.export(numbered(i))
			time.Sleep(10 * time.Millisecond)
		}
		if r.State().Mode != observability.CloudPaused || r.Stats().Ledger.InFlight != 5000 {
			t.Errorf("%v, ledger %+v", r.State(), r.Stats().Ledger)
		}
		token.Store(fakeToken)
		r.Wake()
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if n := c.Len(); n < 4000 {
			t.Errorf("%d stored at once with the new token", n)
		}
		r.stop()
		r.stored(5000)
	})
}

// createdAt is the client's clock at an arbitrary time. Ours says nothing that it was not told, and
// leaves the time of arrival to the server.
func TestFlaw24CreatedAtIsTheClients(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		r.export(numbered(0))
		r.stop()
		if at, ok := object(t, c.Records()[0].JSON)["createdAt"]; ok {
			t.Errorf("createdAt is %v", at)
		}
	})
}

// A span may change between its export and its encoding.
func TestFlaw25SpansChangeBeforeTheyAreSent(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		s := &span.Span{TraceID: "t", ID: "s", Name: "as it ended"}
		r.export(s)
		s.Name = "changed"
		r.stop()
		if name := object(t, c.Records()[0].JSON)["name"]; name != "as it ended" {
			t.Errorf("sent %q", name)
		}
	})
}

// A variable beats the code, and a missing token is a debug line.
func TestFlaw27VariablesBeatTheCode(t *testing.T) {
	setEnv(t, map[string]string{
		"MASTRA_CLOUD_TRACES_ENDPOINT": "https://env.example", "MASTRA_PROJECT_ID": "env",
		"MASTRA_CLOUD_ACCESS_TOKEN": "mst_env-token-of-a-test-0000",
	})
	got, err := target(t, observability.CloudExporterConfig{Endpoint: "https://code.example", ProjectID: "code", AccessToken: fakeToken})
	if err != nil || got != "https://code.example/projects/code/ai/spans/publish" {
		t.Errorf("spans go to %s, %v", got, err)
	}
	setEnv(t, nil)
	if _, err := target(t, observability.CloudExporterConfig{}); !errors.Is(err, observability.ErrNoToken) {
		t.Errorf("without a token: %v", err)
	}
}
