package observability_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// An endpoint that takes six spans a second, of a producer that has six hundred: memory is flat, and
// what there is no room for waits, or is dropped, to the span.
func TestASlowConsumer(t *testing.T) {
	for _, c := range []struct {
		id       string
		policy   observability.CloudOverflow
		happened string
	}{
		{"load.slow.block", observability.OverflowBlock, "memory flat; Export waited and returned when its context ended; 0 lost of what it took"},
		{"load.slow.newest", observability.OverflowDropNewest, "memory flat; the newest dropped, counted exactly, by id"},
		{"load.slow.oldest", observability.OverflowDropOldest, "memory flat; the oldest dropped, counted exactly, by id"},
	} {
		t.Run(string(c.policy), func(t *testing.T) {
			bubble(t, func(t *testing.T, collector *sinktest.Collector) { slowConsumer(t, collector, c.policy) })
			faults.Happened(t, c.id, "%s", c.happened)
		})
	}
}

func slowConsumer(t *testing.T, c *sinktest.Collector, policy observability.CloudOverflow) {
	const (
		maxBytes, spanBytes = 8 << 20, 4000
		seconds             = 8
		// No sum of these, up to 800, is a whole number of seconds, at which the collector answers: room
		// at the very instant of a deadline is had by one or refused by the other, as the scheduler likes.
		patience = 47 * time.Millisecond
	)
	lost := make(marked, 1000)
	var told atomic.Int64
	r := start(t, c, observability.CloudExporterConfig{
		MaxBytes: maxBytes, MaxBatchBytes: 64 << 10, MaxBatchSize: 6, Senders: 1, MaxSenders: 1, Overflow: policy, MaxElapsed: -1,
		OnLoss: func(_, _ string, item any) {
			for _, id := range idsOf(item) {
				lost.set(numberOf(string(id)))
				told.Add(1)
			}
		},
	})
	const warm = 200 // so that what is made once is made
	for i := range warm {
		r.export(fresh(i, spanBytes))
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Set(sinktest.Delay(time.Second))
	before, most, accepted, refused := heap(), int64(0), warm, 0
	for second := range seconds {
		for range 600 {
			s := fresh(accepted, spanBytes)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			asked := time.Now()
			err := r.Export(ctx, s)
			cancel()
			switch waited := time.Since(asked); {
			case err == nil && waited < patience:
				accepted++
			case policy == observability.OverflowBlock && errors.Is(err, context.DeadlineExceeded) && waited == patience:
				refused++
			default:
				t.Fatalf("Export: %v after %v", err, waited)
			}
			if refused > 100*(second+1) {
				break // it has shown that it waits
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if second%3 == 1 || second == seconds-1 {
			// What the collector and this test keep of what has arrived is not the exporter's.
			kept := int64(c.Len()-warm) * (spanBytes + 1000)
			most = max(most, heap()-before-kept)
		}
	}
	if limit := int64(maxBytes + maxBytes/10); most > limit {
		t.Errorf("the exporter kept %d bytes, MaxBytes + 10 %% is %d", most, limit)
	}
	c.Heal()
	err := r.shutdown(time.Hour)
	dropped := int(told.Load())
	switch {
	case policy == observability.OverflowBlock && (err != nil || dropped > 0 || refused == 0):
		t.Errorf("%d dropped, %d refused: %v", dropped, refused, err)
	case policy != observability.OverflowBlock && (lossOf(t, err).Ledger.Dropped != int64(dropped) || dropped < accepted/3):
		t.Errorf("%d dropped: %v", dropped, err)
	}
	r.account(pipeline.Ledger{Accepted: int64(accepted), Refused: int64(refused), Delivered: int64(accepted - dropped), Dropped: int64(dropped)})
	for _, record := range c.Records() {
		if lost.has(numberOf(record.SpanID)) {
			t.Errorf("span %s is stored, and was called dropped", record.SpanID)
		}
	}
	if c.Len() != accepted-dropped {
		t.Errorf("%d are stored of %d, %d dropped", c.Len(), accepted, dropped)
	}
	// The oldest, or the newest, of those that came once it was full.
	if newest := lost.has(uint64(accepted)); policy != observability.OverflowBlock && newest != (policy == observability.OverflowDropNewest) {
		t.Errorf("the newest was dropped: %v", newest)
	}
}

// The number of processors changes nothing in the account.
func TestOnAnyNumberOfProcessors(t *testing.T) {
	const producers, each = 64, 50
	for _, n := range []int{1, 2, 64} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
			c := sinktest.Start(t, sinktest.Config{Token: fakeToken})
			r := start(t, c, observability.CloudExporterConfig{Overflow: observability.OverflowBlock, Queue: 100, MaxBatchSize: 100, MaxBatchWait: 10 * time.Millisecond})
			var group sync.WaitGroup
			for p := range producers {
				group.Go(func() {
					for i := range each {
						if err := r.Export(t.Context(), numbered(p*each+i)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			group.Wait()
			r.stop()
			r.stored(producers * each)
			r.account(pipeline.Ledger{Accepted: producers * each, Delivered: producers * each})
			faults.Happened(t, fmt.Sprintf("load.cpu.%d", n), "64 producers: every span delivered once")
		})
	}
}

// marked is one bit for each number.
type marked []atomic.Uint64

func (m marked) set(n uint64) { m[n/64].Or(1 << (n % 64)) }

func (m marked) has(n uint64) bool { return m[n/64].Load()&(1<<(n%64)) != 0 }

// numberOf is what idOf was given, and one.
func numberOf(id string) uint64 {
	n, _ := strconv.ParseUint(id, 16, 64)
	return n
}

// Ten thousand goroutines export, for as many seconds as TAILRACE_LOAD_SECONDS says, or three spans each:
//
//	TAILRACE_LOAD_SECONDS=60 go test -race -run TestTenThousandProducers -v ./observability
//
// Each span that was accepted is stored or was called dropped, by its id.
func TestTenThousandProducers(t *testing.T) {
	const producers = 10_000
	lasts, room := time.Duration(0), uint64(3*producers+1)
	if text := os.Getenv("TAILRACE_LOAD_SECONDS"); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("TAILRACE_LOAD_SECONDS: %v", err)
		}
		lasts, room = time.Duration(seconds)*time.Second, uint64(seconds)*500_000
	}
	endpoint := &forgetful{seen: make([]uint64, room/64+2), healthy: true}
	server := httptest.NewServer(endpoint)
	defer server.Close()
	lost := make(marked, room/64+2)
	var told atomic.Int64
	e, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		IgnoreEnv: true, AccessToken: fakeToken, TracesEndpoint: server.URL, Compression: observability.CompressGzip,
		MaxBatchWait: 20 * time.Millisecond, Queue: 5000, LogLevel: 12,
		OnLoss: func(_, _ string, item any) {
			for _, id := range idsOf(item) {
				lost.set(numberOf(string(id)))
				told.Add(1)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var next atomic.Int64
	var group sync.WaitGroup
	began := time.Now()
	for range producers {
		group.Go(func() {
			for n := 0; n < 3 || time.Since(began) < lasts; n++ {
				i := next.Add(1)
				if uint64(i)+1 >= room && lasts > 0 {
					next.Add(-1)
					return
				}
				if err := e.Export(t.Context(), numbered(int(i-1))); err != nil {
					t.Error(err)
					return
				}
				if lasts > 0 {
					time.Sleep(100 * time.Millisecond)
				}
			}
		})
	}
	group.Wait()
	err = e.Shutdown(t.Context())
	accepted, l := next.Load(), e.Stats().Ledger
	if want := (pipeline.Ledger{Accepted: accepted, Delivered: accepted - told.Load(), Dropped: told.Load()}); l != want {
		t.Errorf("ledger %+v\nwant   %+v\n%v", l, want, err)
	}
	for n := uint64(1); n <= uint64(accepted); n++ {
		if stored := endpoint.seen[n/64]&(1<<(n%64)) != 0; stored == lost.has(n) {
			t.Fatalf("span %d: stored %v, lost %v", n, stored, lost.has(n))
		}
	}
	if endpoint.repeated != 0 {
		t.Errorf("%d spans came twice", endpoint.repeated)
	}
	t.Logf("%d spans, %d dropped, %v", accepted, told.Load(), time.Since(began).Round(time.Second))
	faults.Happened(t, "load.producers", "each span that was accepted is stored or was called dropped, by its id")
}

// Three days, in which the endpoint fails for hours: the heap does not grow, and no goroutine is left.
func TestThreeDays(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		const every = 5 * time.Minute
		rng := rand.New(rand.NewPCG(72, 0))
		r := start(t, c, observability.CloudExporterConfig{MaxElapsed: -1})
		var looks []look
		exported := 0
		for at := time.Duration(0); at < 72*time.Hour; at += every {
			r.export(fresh(exported, 500))
			exported++
			if at%time.Hour == 0 {
				switch rng.IntN(4) {
				case 0:
					c.Script(sinktest.AnswerLost(), sinktest.Status(503), sinktest.ResetMidBody())
				case 1:
					c.Down()
					time.Sleep(time.Minute)
					c.Up()
				case 2:
					c.Script(sinktest.Quota(time.Minute), sinktest.RetryAfter("20"))
				}
			}
			time.Sleep(every)
			if at%(6*time.Hour) == 5*time.Hour {
				if err := r.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Minute) // connections that idle are closed
				synctest.Wait()
				looks = append(looks, look{at: time.Since(r.began), heap: heap(), goroutines: runtime.NumGoroutine()})
			}
		}
		r.stop()
		r.stored(exported)
		for _, l := range looks {
			if l.goroutines != looks[0].goroutines {
				t.Errorf("%d goroutines after %v, %d after %v", l.goroutines, l.at, looks[0].goroutines, looks[0].at)
			}
		}
		if grows := slope(looks[1:]) / (1 << 20); grows > 1 {
			t.Errorf("the heap grows by %.2f MiB an hour, the limit is 1", grows)
		}
		t.Logf("heap from %d to %d bytes, with what the collector keeps", looks[1].heap, looks[len(looks)-1].heap)
		faults.Happened(t, "load.days", "0 lost; heap slope below 1 MiB/h, the same goroutines after three days as after six hours")
	})
}

// A server may have another idea of the time, and another one with each answer, as when a clock is set:
// dates in Retry-After are then years away, on either side. No pause is longer than the longest, no
// loop is busy, and the spans say what they said.
func TestClocksThatDisagree(t *testing.T) {
	year := 365 * 24 * time.Hour
	for _, row := range []struct {
		id     string
		shifts []time.Duration
	}{
		{"load.clock.hour", []time.Duration{time.Hour, -time.Hour}},
		{"load.clock.decade", []time.Duration{10 * year, -10 * year}},
		{"load.clock.jumps", []time.Duration{10 * time.Second, -time.Hour, 10 * year, -10 * year, time.Hour, -10 * time.Second}},
	} {
		t.Run(row.id, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				const outage, longest = 10 * time.Minute, 30 * time.Second
				var mu sync.Mutex
				n := 0
				c.OnRequest(func(sinktest.Request) sinktest.Fault {
					mu.Lock()
					defer mu.Unlock()
					n++
					at := time.Now().Add(row.shifts[n%len(row.shifts)]).UTC()
					return sinktest.Status(503, "Retry-After", at.Format(http.TimeFormat))
				})
				r := start(t, c, observability.CloudExporterConfig{})
				for i := range 3000 {
					r.export(numbered(i))
				}
				time.Sleep(outage)
				c.Heal()
				healed := time.Now()
				if err := c.WaitFor(t.Context(), 3000); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(healed); took > longest {
					t.Errorf("the first success came %v after the fault", took)
				}
				requests := c.Requests()
				for i, request := range requests[1:] {
					if gap := request.Time.Sub(requests[i].Time); gap > longest {
						t.Errorf("no request for %v", gap)
					}
				}
				if most := int(2*outage/time.Second) + 20; len(requests) > most {
					t.Errorf("%d requests in %v, at most %d were expected", len(requests), outage, most)
				}
				r.stop()
				r.stored(3000)
				faults.Happened(t, row.id, "no busy loop, no pause over 30 s, 0 lost")
			})
		})
	}
}
