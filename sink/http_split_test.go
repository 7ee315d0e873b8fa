package sink_test

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// A body that is too large is halved until its pieces pass, and the limit is remembered: the
// bodies after it cost no refusals.
func TestTooLargeIsHalvedAndLearned(t *testing.T) {
	for _, test := range []struct {
		name    string
		compact bool
		cfg     sink.HTTPConfig
	}{
		{"plain", false, sink.HTTPConfig{}},
		{"compressed, with plain pieces", true, sink.HTTPConfig{}},
		{"compressed, with compressed pieces", true, sink.HTTPConfig{Recompress: gzipped}},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				const limit, bodies, size = 64 << 10, 3, 400
				c.Set(sinktest.TooLarge(limit))
				test.cfg.MaxSenders = 1
				r := start(t, c, test.cfg, pipeline.Config{MaxBytes: 1 << 30})
				whole := 0
				for i := range bodies {
					body := spans(i*size+1, (i+1)*size, 1<<10)
					if whole = len(body.Plain); test.compact {
						compressed(body)
					}
					r.push(body)
				}
				if err := r.p.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				if used := r.p.Stats().Bytes; used != 0 {
					t.Errorf("%d bytes are still charged", used)
				}
				if err := r.stop(); err != nil {
					t.Error(err)
				}
				checkOnce(t, c, bodies*size)
				refused, pieces := 0, 0
				for _, q := range c.Requests() {
					switch {
					case q.Status == 413:
						refused++
					case q.Compressed() != (test.cfg.Recompress != nil):
						t.Errorf("a piece with Content-Encoding %q", q.Header.Get("Content-Encoding"))
					default:
						pieces++
					}
				}
				if most := bits.Len(uint(whole / limit)); refused < 1 || refused > most {
					t.Errorf("%d refusals, want at most %d", refused, most)
				}
				if most := bodies * 2 * (whole/limit + 1); pieces > most {
					t.Errorf("%d pieces, want at most %d", pieces, most)
				}
				stats := r.h.Stats()
				if stats.LimitBytes <= limit || stats.LimitBytes > 2*limit {
					t.Errorf("learned %d bytes, the limit is %d", stats.LimitBytes, limit)
				}
				if stats.Statuses[4] != int64(refused) || stats.Cut == 0 {
					t.Errorf("%+v", stats)
				}
				r.check(pipeline.Ledger{Accepted: bodies * size, Delivered: bodies * size})
			})
		})
	}
	faults.Happened(t, "http.413", "1,200 items in 3 bodies of six times the limit: all delivered, at most 3 answers 413")
}

// Pieces have keys made from that of their whole.
func TestPiecesHaveKeysOfTheirOwn(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Script(sinktest.Status(503), sinktest.Status(413), sinktest.TooLarge(100), sinktest.AnswerLost())
		r := start(t, c, sink.HTTPConfig{}, pipeline.Config{})
		r.push(spans(1, 4, 100))
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		var keys []string
		for _, q := range c.Requests() {
			keys = append(keys, strings.TrimPrefix(q.Key, c.Requests()[0].Key)+fmt.Sprint(" ", q.Records))
		}
		want := []string{" 4", " 4", ".0 2", ".0.0 1", ".0.0 1", ".0.1 1", ".1.0 1", ".1.1 1"} // the other half is as large as the one refused
		if !slices.Equal(keys, want) {
			t.Errorf("keys and records %q, want %q", keys, want)
		}
		checkOnce(t, c, 4)
		r.check(pipeline.Ledger{Accepted: 4, Delivered: 4})
	})
}

func TestOneItemTooLargeFailsAlone(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Set(sinktest.TooLarge(10_000))
		r := start(t, c, sink.HTTPConfig{}, pipeline.Config{})
		body := spans(1, 3, 10)
		giant := spans(4, 4, 20_000)
		head := len(body.Plain) - len("]}")
		from := giant.Parts[0].From
		body.Plain = slices.Concat(body.Plain[:head], []byte(","), giant.Plain[from:])
		body.Data = body.Plain
		body.Parts = append(body.Parts, pipeline.Part{From: head + 1, To: head + 1 + giant.Parts[0].To - from})
		r.push(body)
		_ = r.stop()
		if got := r.reason(pipeline.ReasonTooLarge); got != 1 {
			t.Errorf("%d too large: %v", got, r.p.Stats().Losses)
		}
		if len(r.lost) != 1 || !strings.Contains(string(r.lost[0].(*pipeline.Body).Plain), `"spanId":"4"`) {
			t.Errorf("OnLoss got %v", r.lost)
		}
		if err := r.p.Stats().Losses[0].Err; !errors.Is(err, sink.ErrPermanent) {
			t.Errorf("lost by %v", err)
		}
		checkOnce(t, c, 3)
		r.check(pipeline.Ledger{Accepted: 4, Delivered: 3, Failed: 1})
	})
	faults.Happened(t, "http.413-one", "of 4 items, 3 delivered, 1 failed: too_large and handed to OnLoss")
}

// What cannot be cut, because nobody knows its items' places, fails whole.
func TestBodyWithoutPlainIsNotCut(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Set(sinktest.TooLarge(10))
		r := start(t, c, sink.HTTPConfig{}, pipeline.Config{})
		body := compressed(spans(1, 3, 10))
		body.Plain = nil
		r.push(body)
		_ = r.stop()
		if got := r.reason(pipeline.ReasonTooLarge); got != 3 {
			t.Errorf("%d too large: %v", got, r.p.Stats().Losses)
		}
		r.check(pipeline.Ledger{Accepted: 3, Failed: 3})
	})
}

func TestRecompressMayFail(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Set(sinktest.TooLarge(100))
		broken := errors.New("no memory")
		r := start(t, c, sink.HTTPConfig{Recompress: func(string, []byte) ([]byte, error) { return nil, broken }}, pipeline.Config{})
		r.push(compressed(spans(1, 2, 50)))
		_ = r.stop()
		if got := r.reason(pipeline.ReasonEncode); got != 2 || !errors.Is(r.p.Stats().Losses[0].Err, broken) {
			t.Errorf("%v", r.p.Stats().Losses)
		}
		r.check(pipeline.Ledger{Accepted: 2, Failed: 2})
	})
}

// Buffers come back once, when nobody needs them any more.
func TestBodiesAreFreedOnce(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.OnRequest(func(r sinktest.Request) sinktest.Fault {
			switch r.N {
			case 1:
				return sinktest.Status(413)
			case 5:
				return sinktest.Status(422)
			}
			return nil
		})
		r := start(t, c, sink.HTTPConfig{MaxSenders: 1}, pipeline.Config{})
		freed := map[*pipeline.Body]int{}
		var bodies []*pipeline.Body
		for i := range 3 {
			body := spans(2*i+1, 2*i+2, 100-10*i)
			body.OnFree(func(b *pipeline.Body) {
				freed[b]++
				clear(b.Plain) // as if it were used again
			})
			bodies = append(bodies, body)
			r.push(body)
		}
		_ = r.stop()
		if freed[bodies[0]] != 1 || freed[bodies[1]] != 1 || freed[bodies[2]] != 0 {
			t.Errorf("freed %v; one that was lost belongs to OnLoss", freed)
		}
		checkOnce(t, c, 4)
		r.check(pipeline.Ledger{Accepted: 6, Delivered: 4, Failed: 2})
	})
}
