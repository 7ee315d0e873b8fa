package sink_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

func spooling(s sink.Spool) sink.HTTPConfig {
	return sink.HTTPConfig{Spool: sink.SpoolConfig{Store: s}, Recompress: gzipped, Decompress: gunzipped}
}

func TestSpooledBodiesAreDeliveredAndGone(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		s := newShelf()
		r := start(t, c, spooling(s), pipeline.Config{MaxBytes: 1 << 20})
		for i := range 20 {
			r.push(span(i + 1))
		}
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		r.check(pipeline.Ledger{Accepted: 20, Delivered: 20})
		checkOnce(t, c, 20)
		r.sameAsStore(s)
		if len(s.loads) != 0 {
			t.Errorf("%d bodies were read back although senders were free", len(s.loads))
		}
		if got := r.p.Stats().Bytes; got != 0 {
			t.Errorf("%d bytes are still charged", got)
		}
	})
}

func TestAnOutageAndTheNextRun(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		s := newShelf()
		var told events
		c.Down()
		cfg := spooling(s)
		cfg.Spool.OnEvent = told.add
		r := start(t, c, cfg, pipeline.Config{MaxBytes: 10_000})
		for i := range 300 {
			r.push(span(i + 1)) // far more than MaxBytes
		}
		if err := r.p.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		if l := r.p.Ledger(); l.Spooled != 300 {
			t.Errorf("after Flush: %+v", l)
		}
		r.sameAsStore(s)
		time.Sleep(time.Hour) // MaxElapsed is not for them
		began := time.Now()
		if err := r.stop(); err != nil {
			t.Errorf("a run that leaves all in the spool: %v", err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the drain took %v with an endpoint that is away", took)
		}
		r.check(pipeline.Ledger{Accepted: 300, Spooled: 300})
		r.sameAsStore(s)
		told.want(t)

		c.Up()
		cfg.Senders, cfg.MaxSenders = 1, 1 // of several, one may be late
		r = start(t, c, cfg, pipeline.Config{})
		synctest.Wait()
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		r.check(pipeline.Ledger{Accepted: 300, Delivered: 300})
		r.sameAsStore(s)
		checkOnce(t, c, 300)
		told.want(t, "found")
		for i := 1; i < len(s.loads); i++ {
			if s.loads[i-1] > s.loads[i] && s.loads[i] > 32 { // those that senders had in the outage come first
				t.Errorf("entry %d was read before %d", s.loads[i-1], s.loads[i])
			}
		}
	})
}

// TestLiveBeforeBacklog: what comes in does not wait until a large backlog is through.
func TestLiveBeforeBacklog(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		s := newShelf()
		for i := range 1000 {
			if _, err := s.Put(span(i+1), fmt.Sprint("key", i)); err != nil {
				t.Fatal(err)
			}
		}
		c.Set(sinktest.Delay(100 * time.Millisecond))
		cfg := spooling(s)
		cfg.Senders, cfg.MaxSenders = 2, 2
		r := start(t, c, cfg, pipeline.Config{})
		time.Sleep(time.Second)
		r.push(span(1001))
		time.Sleep(250 * time.Millisecond)
		found := false
		for _, record := range c.Records() {
			found = found || record.SpanID == "1001"
		}
		if n := c.Len(); !found || n > 30 {
			t.Errorf("the live span is there: %v, with %d others", found, n)
		}
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		r.check(pipeline.Ledger{Accepted: 1001, Delivered: 1001})
		checkOnce(t, c, 1001)
		for i := 1; i < len(s.loads); i++ {
			if s.loads[i-1] > s.loads[i]+1 {
				t.Errorf("entry %d was read before %d", s.loads[i-1], s.loads[i])
			}
		}
	})
}

// TestDegradedAndBack: while the store fails bodies go from memory, and it is used again by itself.
func TestDegradedAndBack(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		s := newShelf()
		var told events
		cfg := spooling(s)
		cfg.Spool.OnEvent = told.add
		cfg.Senders, cfg.MaxSenders = 2, 2
		r := start(t, c, cfg, pipeline.Config{})
		r.push(span(1))
		time.Sleep(time.Second)
		s.failing(syscall.ENOSPC)
		for i := range 20 {
			r.push(span(i + 2))
		}
		synctest.Wait()
		if got := r.h.Stats().Spool; !errors.Is(got.Err, syscall.ENOSPC) || got.Since.IsZero() {
			t.Errorf("Stats.Spool: %+v", got)
		}
		if got := r.p.Ledger().Delivered; got != 21 {
			t.Errorf("%d delivered from memory, want 21", got)
		}
		// With the endpoint away too, what comes waits where the overflow policies reach it ...
		c.Down()
		for i := range 20 {
			r.push(span(i + 22))
		}
		time.Sleep(10 * time.Second)
		if got := r.h.Stats(); got.Busy > 2 {
			t.Errorf("%d bodies are with senders", got.Busy)
		}
		// ... until there is room again.
		s.heal()
		time.Sleep(2 * time.Second)
		l := r.p.Ledger()
		if l.Spooled < 17 || l.Spooled+l.InFlight != 20 {
			t.Errorf("resumed: %+v", l)
		}
		r.sameAsStore(s)
		told.want(t, "degraded", "resumed")
		r.push(span(42))
		ctx, cancel := context.WithTimeout(t.Context(), 0)
		defer cancel()
		if err := r.p.Shutdown(ctx); err != nil { // what is with senders goes there too
			t.Error(err)
		}
		if err := <-r.done; err != nil {
			t.Error(err)
		}
		r.check(pipeline.Ledger{Accepted: 42, Delivered: 21, Spooled: 21})
		r.sameAsStore(s)

		c.Up()
		r = start(t, c, cfg, pipeline.Config{})
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		r.check(pipeline.Ledger{Accepted: 21, Delivered: 21})
		checkOnce(t, c, 42)
	})
}

// TestTheOnlySenderIsNotHeldBack: while the store fails and nothing comes in, what is in it is sent.
func TestTheOnlySenderIsNotHeldBack(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		s := newShelf()
		cfg := spooling(s)
		cfg.Senders, cfg.MaxSenders = 1, 1
		c.Set(sinktest.Delay(50 * time.Millisecond))
		r := start(t, c, cfg, pipeline.Config{})
		for i := range 20 {
			r.push(span(i + 1))
		}
		synctest.Wait() // one is being sent, the others are in the store
		s.failing(syscall.ENOSPC, "put")
		r.push(span(21))
		time.Sleep(time.Minute)
		if l := r.p.Ledger(); l.Delivered != 21 {
			t.Errorf("after a minute: %+v", l)
		}
		r.sameAsStore(s)
		s.heal()
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		r.check(pipeline.Ledger{Accepted: 21, Delivered: 21})
		checkOnce(t, c, 21)
	})
}

// TestFailuresOfRemoval: an entry that cannot be removed is delivered once, and removed later.
func TestFailuresOfRemoval(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		s := newShelf()
		s.failing(syscall.EIO, "remove")
		r := start(t, c, spooling(s), pipeline.Config{})
		r.push(span(1))
		time.Sleep(time.Second)
		r.push(span(2)) // the store takes bodies all the same
		time.Sleep(10 * time.Second)
		if l := r.p.Ledger(); l.Delivered != 2 || s.items() != 2 {
			t.Errorf("%+v, and %d in the store", l, s.items())
		}
		s.heal()
		time.Sleep(3 * time.Second)
		r.sameAsStore(s)
		if r.h.Stats().Spool.Err != nil {
			t.Error("still degraded")
		}
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		r.check(pipeline.Ledger{Accepted: 2, Delivered: 2})
		checkOnce(t, c, 2)
	})
}

func TestEntriesThatCannotBeRead(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		s := newShelf()
		for i := range 5 {
			if _, err := s.Put(span(i+1), fmt.Sprint("key", i)); err != nil {
				t.Fatal(err)
			}
		}
		s.damaged[2] = true
		delete(s.kept, 9)
		n := 0
		s.fail = func(op string) error {
			if op == "load" {
				if n++; n <= 1 {
					return syscall.EIO
				}
			}
			return nil
		}
		var told events
		cfg := spooling(s)
		cfg.Spool.OnEvent = told.add
		cfg.Senders, cfg.MaxSenders = 1, 1
		r := start(t, c, cfg, pipeline.Config{})
		synctest.Wait()
		if got := c.Len(); got != 3 { // without the one that is damaged, and the first, for now
			t.Errorf("%d are delivered, want 3", got)
		}
		time.Sleep(time.Minute)
		if err := r.stop(); !errors.As(err, new(*pipeline.LossError)) {
			t.Error(err)
		}
		r.check(pipeline.Ledger{Accepted: 5, Delivered: 4, Failed: 1})
		if got := r.reason(pipeline.ReasonQuarantined); got != 1 {
			t.Errorf("%d quarantined", got)
		}
		r.sameAsStore(s)
	})
}

// TestPoison: a body that the endpoint refuses for good is buried and holds up nobody.
func TestPoison(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		s := newShelf()
		c.Down()
		r := start(t, c, spooling(s), pipeline.Config{})
		for i := range 30 {
			r.push(span(i + 1))
		}
		time.Sleep(time.Minute)
		s.mu.Lock()
		poison := s.kept[3].key
		s.mu.Unlock()
		c.OnRequest(func(q sinktest.Request) sinktest.Fault {
			if q.Key == poison {
				return sinktest.Status(400)
			}
			return nil
		})
		c.Up()
		time.Sleep(time.Minute)
		if err := r.stop(); !errors.As(err, new(*pipeline.LossError)) {
			t.Error(err)
		}
		r.check(pipeline.Ledger{Accepted: 30, Delivered: 29, Failed: 1})
		if got := r.reason(pipeline.ReasonRejected); got != 1 || len(s.buried) != 1 || s.buried[0] != nil {
			t.Errorf("%d rejected, buried: %v", got, s.buried)
		}
		r.sameAsStore(s)
	})
}

// TestSpoolFull: MaxBytes holds, and what is dropped is counted.
func TestSpoolFull(t *testing.T) {
	for _, policy := range []pipeline.Overflow{pipeline.Block, pipeline.DropOldest, pipeline.DropNewest} {
		t.Run(policy.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				s := newShelf()
				cfg := spooling(s)
				cfg.Senders, cfg.MaxSenders = 1, 1
				cfg.Spool.MaxBytes, cfg.Spool.Overflow = 10_000, policy
				c.Down()
				r := start(t, c, cfg, pipeline.Config{})
				for i := range 200 {
					r.push(span(i + 1))
				}
				time.Sleep(time.Second)
				if got := r.h.Stats().Spool.Bytes; got > 10_000+100 || got < 9000 {
					t.Errorf("%d bytes are in the spool", got)
				}
				r.sameAsStore(s)
				kept := s.items()
				seqs := s.order()
				if policy == pipeline.DropNewest && seqs[len(seqs)-1] != uint64(kept) {
					t.Errorf("kept %v, want the oldest", seqs)
				}
				if policy != pipeline.DropNewest && (seqs[len(seqs)-1] != 200 || seqs[2] != 201-uint64(kept)+2) {
					t.Errorf("kept %v, want the newest, the one that is being sent and the next", seqs)
				}
				if err := r.stop(); !errors.As(err, new(*pipeline.LossError)) {
					t.Error(err)
				}
				r.check(pipeline.Ledger{Accepted: 200, Spooled: kept, Dropped: 200 - kept})
				if got := r.reason(pipeline.ReasonSpoolFull); got != 200-kept {
					t.Errorf("%d dropped as spool_full, want %d", got, 200-kept)
				}
			})
		})
	}
}

func TestSpoolMaxAge(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		s := newShelf()
		cfg := spooling(s)
		cfg.Spool.MaxAge = time.Minute
		cfg.Senders, cfg.MaxSenders = 1, 1
		c.Down()
		r := start(t, c, cfg, pipeline.Config{})
		r.push(span(1), span(2), span(3))
		time.Sleep(30 * time.Second)
		r.push(span(4))
		time.Sleep(31 * time.Second)
		if l := r.p.Ledger(); l.Failed != 2 || l.Spooled != 2 { // the first is with a sender
			t.Errorf("%+v", l)
		}
		r.sameAsStore(s)
		_ = r.stop()
		r.check(pipeline.Ledger{Accepted: 4, Failed: 2, Spooled: 2})
		if got := r.reason(pipeline.ReasonSpoolExpired); got != 2 {
			t.Errorf("%d expired", got)
		}
	})
}

// TestCutOfASpooledBody: the pieces of a body that is too large are one entry until all have an end.
func TestCutOfASpooledBody(t *testing.T) {
	for _, packed := range []bool{false, true} {
		t.Run(fmt.Sprintf("compressed %v", packed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := sinktest.StartPipe(t, sinktest.Config{MaxBodyBytes: 2000})
				s := newShelf()
				body := spans(1, 10, 500)
				if packed {
					body = compressed(body)
				}
				c.Down()
				r := start(t, c, spooling(s), pipeline.Config{})
				r.push(body)
				time.Sleep(time.Second)
				_ = r.stop()
				c.Up()
				n := 0
				c.OnRequest(func(sinktest.Request) sinktest.Fault {
					if n++; n > 5 {
						return sinktest.Status(503)
					}
					return nil
				})
				r = start(t, c, spooling(s), pipeline.Config{})
				time.Sleep(time.Second)
				if err := r.stop(); err != nil {
					t.Error(err)
				}
				r.check(pipeline.Ledger{Accepted: 10, Spooled: 10}) // a part is there, and none is counted
				r.sameAsStore(s)
				if c.Len() == 0 || c.Len() == 10 {
					t.Errorf("%d are stored", c.Len())
				}
				c.Heal()
				r = start(t, c, spooling(s), pipeline.Config{})
				if err := r.stop(); err != nil {
					t.Error(err)
				}
				r.check(pipeline.Ledger{Accepted: 10, Delivered: 10})
				r.sameAsStore(s)
				checkOnce(t, c, 10)
			})
		})
	}
}

// TestAPieceThatIsRefused: one piece fails, the others are delivered, and only that one is buried.
func TestAPieceThatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := sinktest.StartPipe(t, sinktest.Config{MaxBodyBytes: 3000})
		s := newShelf()
		r := start(t, c, spooling(s), pipeline.Config{})
		body := spans(1, 4, 100)
		big := spans(5, 5, 4000)
		joined := &pipeline.Body{ContentType: body.ContentType}
		open, last := body.Parts[0].From, body.Parts[3].To
		joined.Plain = append(joined.Plain, body.Plain[:last]...)
		joined.Plain = append(joined.Plain, ',')
		from := len(joined.Plain)
		joined.Plain = append(joined.Plain, big.Plain[open:]...)
		joined.Parts = append(body.Parts, pipeline.Part{From: from, To: from + big.Parts[0].To - big.Parts[0].From})
		joined.Data, joined.Charged = joined.Plain, len(joined.Plain)
		r.push(joined)
		if err := r.stop(); !errors.As(err, new(*pipeline.LossError)) {
			t.Error(err)
		}
		r.check(pipeline.Ledger{Accepted: 5, Delivered: 4, Failed: 1})
		if len(s.buried) != 1 || s.buried[0] == nil || s.buried[0].Items() != 1 {
			t.Errorf("buried %v", s.buried)
		}
		r.sameAsStore(s)
		checkOnce(t, c, 4)
	})
}

// TestPlainFromTheSpool: an endpoint that does not take compressed bodies gets those from the spool
// plain.
func TestPlainFromTheSpool(t *testing.T) {
	for _, code := range []int{415, 400} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				s := newShelf()
				for i := range 5 {
					if _, err := s.Put(compressed(span(i+1)), fmt.Sprint("key", i)); err != nil {
						t.Fatal(err)
					}
				}
				c.OnRequest(func(q sinktest.Request) sinktest.Fault {
					if q.Header.Get("Content-Encoding") != "" {
						return sinktest.Status(code)
					}
					return nil
				})
				r := start(t, c, spooling(s), pipeline.Config{})
				if err := r.stop(); err != nil {
					t.Error(err)
				}
				r.check(pipeline.Ledger{Accepted: 5, Delivered: 5})
				checkOnce(t, c, 5)
			})
		})
	}
}

// TestMaxRetriesOfASpooledBody: a body that has used up its tries is buried.
func TestMaxRetriesOfASpooledBody(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		s := newShelf()
		c.Set(sinktest.Status(429))
		cfg := spooling(s)
		cfg.Retry.MaxRetries = 2
		r := start(t, c, cfg, pipeline.Config{})
		r.push(span(1))
		time.Sleep(time.Minute)
		r.sameAsStore(s)
		_ = r.stop()
		r.check(pipeline.Ledger{Accepted: 1, Failed: 1})
		if got := r.reason(pipeline.ReasonRetriesExhausted); got != 1 || len(s.buried) != 1 {
			t.Errorf("%d exhausted, %d buried", got, len(s.buried))
		}
	})
}

// TestAPanicBesideASpool: what a run left is found by the next call of the sink, once.
func TestAPanicBesideASpool(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		s := newShelf()
		cfg := spooling(s)
		n := 0
		cfg.Senders, cfg.MaxSenders = 1, 1
		cfg.OnResult = func(sink.HTTPResult) {
			if n++; n == 3 {
				panic("a hook of the user's")
			}
		}
		r := start(t, c, cfg, pipeline.Config{MaxBytes: 100_000})
		for i := range 10 {
			r.push(span(i + 1))
		}
		time.Sleep(time.Minute)
		if err := r.stop(); !errors.As(err, new(*pipeline.PanicError)) {
			t.Error(err)
		}
		r.check(pipeline.Ledger{Accepted: 10, Delivered: 10})
		r.sameAsStore(s)
		checkOnce(t, c, 10)
		if got := r.p.Stats().Bytes; got != 0 {
			t.Errorf("%d bytes are still charged", got)
		}
	})
}

func TestOneRunAtATimeWithASpool(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, spooling(newShelf()), pipeline.Config{})
		synctest.Wait()
		p := pipeline.New(pipeline.Config{})
		entry := pipeline.NewEntry[*pipeline.Body](pipeline.EntryConfig{})
		pipeline.To(pipeline.From(p, entryFeed{entry}), r.h.Sink())
		ctx, cancel := context.WithCancel(t.Context())
		c.Down()
		go func() {
			_ = entry.Push(ctx, span(1))
			time.Sleep(time.Second)
			cancel()
			c.Up()
		}()
		if err := p.Run(ctx); err != nil {
			t.Error(err)
		}
		if l := p.Ledger(); l.Delivered != 1 || l.Spooled != 0 {
			t.Errorf("%+v", l)
		}
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		r.check(pipeline.Ledger{})
	})
}

func TestSpoolConfig(t *testing.T) {
	for field, cfg := range map[string]sink.SpoolConfig{
		"MaxBytes": {MaxBytes: -1},
		"MaxAge":   {MaxAge: -1},
		"Overflow": {Overflow: 9},
	} {
		cfg.Store = newShelf()
		h := sink.NewHTTP(sink.HTTPConfig{Endpoint: "http://127.0.0.1/", Spool: cfg})
		p := pipeline.New(pipeline.Config{})
		pipeline.To(pipeline.From(p, entryFeed{pipeline.NewEntry[*pipeline.Body](pipeline.EntryConfig{})}), h.Sink())
		if err := p.Run(t.Context()); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), "HTTPConfig.Spool: SpoolConfig."+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}
