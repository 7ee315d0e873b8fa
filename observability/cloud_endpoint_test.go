package observability_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
)

// encodings are the Content-Encodings of the requests with spans that were accepted, in order.
func encodings(c *sinktest.Collector) (all []string) {
	for _, q := range c.Requests() {
		if q.Records > 0 && q.Status == 200 {
			all = append(all, q.Header.Get("Content-Encoding"))
		}
	}
	return all
}

func TestCompressionIsNegotiated(t *testing.T) {
	for _, c := range []struct {
		name   string
		cfg    observability.CloudCompression
		accept string         // what the endpoint says it takes
		fault  sinktest.Fault // of each compressed request
		want   []string       // of the batches
		uses   string
	}{
		{"gzip first", "", "", nil, []string{"gzip", "gzip", "gzip"}, "gzip"},
		{"zstd once it is offered", observability.CompressAuto, "gzip, zstd", nil, []string{"gzip", "zstd", "zstd"}, "zstd"},
		{"only what is offered", observability.CompressAuto, "br", nil, []string{"gzip", "", ""}, "none"},
		{"gzip as told", observability.CompressGzip, "gzip, zstd", nil, []string{"gzip", "gzip", "gzip"}, "gzip"},
		{"zstd as told", observability.CompressZstd, "gzip", nil, []string{"zstd", "zstd", "zstd"}, "zstd"},
		{"none as told", observability.CompressNone, "gzip, zstd", nil, []string{"", "", ""}, "none"},
		{"415", observability.CompressAuto, "", sinktest.Unsupported(), []string{"", "", ""}, "none"},
		{"415 to the compression that was told", observability.CompressZstd, "", sinktest.Unsupported(), []string{"", "", ""}, "none"},
		{"400 to the first compressed body", observability.CompressAuto, "", sinktest.When(sinktest.Request.Compressed, sinktest.Status(400)), []string{"", "", ""}, "none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				collector := sinktest.StartPipe(t, sinktest.Config{AcceptEncoding: c.accept})
				collector.Set(c.fault)
				r := start(t, collector, observability.CloudExporterConfig{Compression: c.cfg})
				for i := range 30 {
					r.export(sized(i, 1000))
					if i%10 == 9 {
						if err := r.Flush(t.Context()); err != nil {
							t.Error(err)
						}
					}
				}
				if got := encodings(collector); strings.Join(got, " ") != strings.Join(c.want, " ") {
					t.Errorf("sent %q, want %q", got, c.want)
				}
				if got := r.Stats().Compression; got != c.uses {
					t.Errorf("uses %s, want %s", got, c.uses)
				}
				r.stop()
				r.stored(30)
			})
		})
	}
}

// The platform asks a client that announces it to pause. Ours keeps what waits, and what comes.
func TestQuotaPause(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  sinktest.Fault
		wait   time.Duration // until the next request, at least
		stores bool          // the answer is an acceptance of its batch all the same
	}{
		{"402 with a time", sinktest.Quota(40 * time.Second), 40 * time.Second, false},
		{"402 without", sinktest.Status(402), 300 * time.Second, false},
		{"402 with a bad time", sinktest.Status(402, "x-mastra-observability-retry-after", "1e3"), 300 * time.Second, false},
		{"402 with no time at all", sinktest.Status(402, "x-mastra-observability-retry-after", "0"), 300 * time.Second, false},
		{"another status with disabled", sinktest.Status(429, "x-mastra-observability", "disabled", "x-mastra-observability-retry-after", "20"), 20 * time.Second, false},
		{"200 with disabled", sinktest.Status(200, "x-mastra-observability", "disabled", "x-mastra-observability-retry-after", "20"), 20 * time.Second, true},
		{"a time without end", sinktest.Status(402, "x-mastra-observability-retry-after", "99999999999999999999"), time.Hour, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, collector *sinktest.Collector) {
				collector.Set(c.fault)
				r := start(t, collector, observability.CloudExporterConfig{MaxBatchWait: time.Second})
				r.export(numbered(0))
				time.Sleep(2 * time.Second)
				if state := r.State(); state.Mode != observability.CloudPaused || state.Err == nil {
					t.Errorf("state %+v", state)
				}
				r.export(numbered(1))
				time.Sleep(c.wait - 3*time.Second)
				if n := len(collector.Requests()); n != 1 {
					t.Errorf("%d requests before the time is over", n)
				}
				collector.Heal()
				time.Sleep(c.wait/10 + time.Minute)
				synctest.Wait()
				r.stored(2)
				if q := collector.Requests()[1]; q.Records != 0 {
					t.Errorf("asked with %d spans, want an empty body", q.Records)
				}
				if len(r.log.lines("WARN", "paused", "quota")) != 1 || len(r.log.lines("INFO", "sending again")) != 1 {
					t.Errorf("log:\n%s", r.log)
				}
				r.stop()
				r.account(pipeline.Ledger{Accepted: 2, Delivered: 2})
			})
		})
	}
	t.Run("neither 401 nor another word is a quota", func(t *testing.T) {
		bubble(t, func(t *testing.T, collector *sinktest.Collector) {
			collector.Script(
				sinktest.Status(401, "x-mastra-observability", "disabled", "x-mastra-observability-retry-after", "3600"),
			)
			collector.Set(sinktest.Header("x-mastra-observability", "Disabled"))
			r := start(t, collector, observability.CloudExporterConfig{MaxBatchWait: time.Second})
			r.export(numbered(0))
			time.Sleep(40 * time.Second)
			synctest.Wait()
			if r.State().Mode != observability.CloudSending || collector.Len() != 1 {
				t.Errorf("%v, %d stored", r.State(), collector.Len())
			}
			r.stop()
		})
	})
}

func TestLogLines(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{LogLevel: slog.LevelDebug, MaxBatchWait: time.Second, Queue: 2000})
		steps := []struct {
			do   func()
			want [][]string
		}{
			{func() { r.export(numbered(0)) }, [][]string{{"DEBUG", "delivered", "spans=1", "status=200", "tries=1", "encoding=gzip"}}},
			{func() { c.Set(sinktest.Status(503)); r.export(numbered(1)) }, [][]string{{"WARN", "seems to be down", "503"}}},
			{func() { c.Heal() }, [][]string{{"INFO", "sending again"}, {"DEBUG", "delivered", "spans=1"}}},
			{func() { c.Set(sinktest.Status(401)); r.export(numbered(2)) }, [][]string{{"WARN", "paused", "401", "check the access token"}}},
			{func() { c.Heal(); r.Wake() }, [][]string{{"INFO", "sending again"}}},
			{func() { c.Set(sinktest.Redirect(302, "https://elsewhere.example/x")); r.export(numbered(3)) }, [][]string{{"WARN", "paused", "elsewhere.example", "redirects are not followed"}}},
			{func() { c.Heal(); r.Wake() }, [][]string{{"INFO", "sending again"}}},
			{func() {
				c.Set(sinktest.Respond(400, "bad: prompt-canary", "Content-Type", "text/plain"))
				r.export(numbered(4))
			}, [][]string{{"DEBUG", "not delivered", "400"}, {"WARN", "spans lost", "lost=1", "by.rejected=1"}}},
		}
		for i, step := range steps {
			before := r.log.String()
			step.do()
			time.Sleep(20 * time.Second)
			synctest.Wait()
			added := &buffer{}
			_, _ = added.Write([]byte(strings.TrimPrefix(r.log.String(), before)))
			for _, words := range step.want {
				if len(added.lines(words...)) != 1 {
					t.Errorf("step %d: want one line with %q in\n%s", i, words, added)
				}
			}
		}
		if strings.Contains(r.log.String(), "canary") {
			t.Errorf("a server's words are in the log:\n%s", r.log)
		}
		c.Heal()
		_ = r.shutdown(time.Minute)
		if len(r.log.lines("WARN", "closed", "accepted=5", "delivered=4", "lost=1")) != 1 {
			t.Errorf("log:\n%s", r.log)
		}
	})
}

// However much is lost, a line each ten seconds says how much; the rest comes at the end.
func TestLossesAreLoggedNowAndThen(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := stalled(t, c, observability.CloudExporterConfig{Queue: 10, Timeout: time.Hour})
		for i := range 60_000 {
			r.export(numbered(i))
			if i%1000 == 999 {
				time.Sleep(time.Second)
			}
		}
		lines := r.log.lines("WARN", "spans lost", "queue_full")
		if len(lines) < 5 || len(lines) > 7 {
			t.Errorf("%d lines in a minute:\n%s", len(lines), r.log)
		}
		time.Sleep(5 * time.Second) // not just when a line is due
		_ = r.shutdown(time.Second)
		if len(r.log.lines("spans lost", "by.cancelled=")) != 1 {
			t.Errorf("log:\n%s", r.log)
		}
		if n := sumOf(t, r.log.lines("spans lost")); n != r.Stats().Ledger.Lost() {
			t.Errorf("the lines say that %d were lost, the ledger %d", n, r.Stats().Ledger.Lost())
		}
		before := r.log.String()
		time.Sleep(time.Hour)
		if r.log.String() != before {
			t.Error("something was logged after Shutdown")
		}
	})
}

// sumOf adds up what lines say was lost.
func sumOf(t *testing.T, lines []string) (sum int64) {
	t.Helper()
	for _, line := range lines {
		_, rest, _ := strings.Cut(line, " lost=")
		n := int64(0)
		for _, digit := range rest {
			if digit < '0' || digit > '9' {
				break
			}
			n = n*10 + int64(digit-'0')
		}
		if n == 0 {
			t.Errorf("no number in %q", line)
		}
		sum += n
	}
	return sum
}

// A poison span fails alone, and one that the endpoint rejects is told from those it took.
func TestOneBadSpanFailsAlone(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		for i := range 100 {
			r.export(numbered(i))
		}
		bad := &span.Span{TraceID: "t", ID: "bad", Input: "{no JSON"}
		r.export(bad)
		c.Script(sinktest.PartialSuccess(1, "no such project"))
		err := r.shutdown(time.Minute)
		loss := lossOf(t, err)
		if loss.Ledger.Delivered != 99 || r.reason(pipeline.ReasonEncode) != 1 || r.reason(pipeline.ReasonRejected) != 1 {
			t.Errorf("%v", err)
		}
		if !strings.Contains(err.Error(), "no such project") {
			t.Errorf("%v does not say what the endpoint said", err)
		}
		if bytes.Contains([]byte(r.log.String()), []byte("no JSON")) {
			t.Error("a span's contents are in the log")
		}
	})
	faults.Happened(t, "input.bad-span", "1 of 101 failed: encode, with nothing of it in the log; the others sent in their batch")
}
