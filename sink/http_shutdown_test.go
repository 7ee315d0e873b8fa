package sink_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

// A station is where a path of emitter, batch, compression and sink is when its end comes.
type station struct {
	name  string
	items int
	ready time.Duration // until it is there
	fault sinktest.Fault
	dial  time.Duration // that a connection takes
	pack  time.Duration // that the compression of a body takes
	// heals: the end of the run, if it is generous, finds the endpoint well. Else it takes long.
	heals bool
	// least is how much fake time the rest of the work takes at least.
	least time.Duration
}

const batchOf = 10

var stations = []station{
	{name: "idle"},
	{name: "batch half full", items: batchOf / 2, ready: time.Second},
	{name: "compressing", items: batchOf, ready: time.Second, pack: 8 * time.Second, least: 7 * time.Second},
	{name: "connecting", items: batchOf, ready: time.Second, dial: 8 * time.Second, least: 7 * time.Second},
	{name: "body half sent", items: batchOf, ready: time.Second, fault: sinktest.SlowRead(100, time.Second), least: 4 * time.Second},
	{name: "waiting for the answer", items: batchOf, ready: time.Second, fault: sinktest.Delay(8 * time.Second), least: 7 * time.Second},
	{name: "in a retry sleep", items: batchOf, ready: time.Second, fault: sinktest.Status(429, "Retry-After", "30"), heals: true},
	{name: "while the endpoint is down", items: batchOf * 4, ready: 5 * time.Second, fault: sinktest.Status(503), heals: true},
	{name: "in a pause", items: batchOf * 4, ready: 5 * time.Second, fault: sinktest.Status(401), heals: true},
	{name: "blocked on a full link", items: 1000, ready: time.Second, fault: sinktest.Delay(5 * time.Second), least: time.Minute},
}

// A finish is how the end comes.
type finish struct {
	name     string
	deadline time.Duration // negative: the context has ended already
	callers  int
	pushers  int // goroutines that go on pushing
}

var finishes = []finish{
	{name: "with a generous deadline", deadline: time.Hour, callers: 1},
	{name: "with a context that has ended", deadline: -1, callers: 1},
	{name: "with the deadline in the middle", deadline: 2 * time.Second, callers: 1},
	{name: "twice at the same time", deadline: time.Hour, callers: 2},
	{name: "beside producers", deadline: time.Hour, callers: 1, pushers: 100},
}

// Whatever the path is doing when the end comes, and however it comes: Shutdown returns by its
// deadline, what it says was lost is exact, and nothing is called delivered whose fate is unknown.
func TestShutdownInEachState(t *testing.T) {
	for _, s := range stations {
		for _, f := range finishes {
			for _, probe := range [][]byte{nil, nothing} {
				t.Run(fmt.Sprintf("%s, %s, probe %d", s.name, f.name, len(probe)), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { shutdown(t, s, f, probe) })
				})
			}
		}
	}
}

func shutdown(t *testing.T, s station, f finish, probe []byte) {
	c := sinktest.StartPipe(t, sinktest.Config{})
	c.Set(s.fault)
	if s.dial > 0 {
		c.OnDial(func(ctx context.Context, _ int) error {
			select {
			case <-time.After(s.dial):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}
	p := pipeline.New(pipeline.Config{})
	emitter := source.NewEmitter[int](source.EmitterConfig{Queue: 20})
	h := sink.NewHTTP(sink.HTTPConfig{Endpoint: c.URL() + "/", DialContext: c.DialContext, Probe: probe, MaxSenders: 2})
	batches := pipeline.Via(pipeline.From(p, emitter), stages.Batch[int](stages.BatchConfig{MaxItems: batchOf, MaxWait: time.Hour}))
	packed := pipeline.Via(batches, pipeline.Actor(pack(s.pack)))
	pipeline.To(packed, h.Sink())
	ran := make(chan error, 1)
	go func() { ran <- p.Run(context.Background()) }()

	var producers sync.WaitGroup
	accepted, refused := 0, 0
	var mu sync.Mutex
	push := func(from, n int) {
		for i := range n {
			err := emitter.Emit(context.Background(), from+i)
			mu.Lock()
			if err == nil {
				accepted++
			} else if refused++; !errors.Is(err, pipeline.ErrClosed) {
				t.Errorf("Emit: %v", err)
			}
			mu.Unlock()
			if err != nil {
				return
			}
		}
	}
	producers.Go(func() { push(1, s.items) })
	time.Sleep(s.ready)
	synctest.Wait()
	for i := range f.pushers {
		producers.Go(func() { push(10_000*(i+1), 100) })
	}
	if f.pushers > 0 {
		runtime.Gosched() // some get in
	}

	if f.deadline == time.Hour && s.heals {
		c.Heal()
	}
	ctx, cancel := ended, context.CancelFunc(func() {})
	if f.deadline > 0 {
		ctx, cancel = context.WithTimeout(context.Background(), f.deadline)
	}
	defer cancel()
	began := time.Now()
	results := make([]error, f.callers)
	var callers sync.WaitGroup
	for i := range results {
		callers.Go(func() { results[i] = p.Shutdown(ctx) })
	}
	callers.Wait()
	took := time.Since(began)
	err := <-ran
	producers.Wait()

	if most := max(f.deadline, 0) + 100*time.Millisecond; took > most {
		t.Errorf("Shutdown took %v, want at most %v", took, most)
	}
	for _, result := range results {
		if fmt.Sprint(result) != fmt.Sprint(err) {
			t.Errorf("Shutdown returned %v, Run %v", result, err)
		}
	}
	ledger := p.Ledger()
	if ledger.Balance() != 0 || ledger.InFlight != 0 || ledger.Accepted != int64(accepted) || ledger.Refused != int64(refused) {
		t.Errorf("%+v; %d were accepted and %d refused", ledger, accepted, refused)
	}
	if got := int64(c.Len()); got < ledger.Delivered {
		t.Errorf("%d are called delivered, %d are stored", ledger.Delivered, got)
	}
	for _, l := range p.Stats().Losses {
		if l.Reason == pipeline.ReasonUndeclared {
			t.Errorf("undeclared: %v", l)
		}
	}
	done := f.deadline == time.Hour || s.items == 0 || !s.heals && s.least == 0 && f.deadline > 0
	var loss *pipeline.LossError
	switch {
	case done && (err != nil || ledger.Delivered != ledger.Accepted):
		t.Errorf("%v: %+v", err, ledger)
	case !done && (!errors.As(err, &loss) || loss.Ledger != ledger || ledger.Abandoned == 0 || ledger.Delivered+ledger.Abandoned != ledger.Accepted):
		t.Errorf("%v: %+v", err, ledger)
	}
	if keys := keysOf(c); len(slices.Compact(slices.Sorted(slices.Values(keys)))) > (int(ledger.Accepted)+batchOf-1)/batchOf+f.pushers {
		t.Errorf("%d keys for %d items", len(keys), ledger.Accepted)
	}
	if done && took < s.least {
		t.Errorf("the work takes %v, and the end came after %v", s.least, took)
	}
}

// pack makes bodies of batches, each in so much time, and gives up when its context ends.
func pack(took time.Duration) func(context.Context, *pipeline.Inlet[pipeline.Batch[int]], *pipeline.Outlet[*pipeline.Body]) error {
	return func(ctx context.Context, in *pipeline.Inlet[pipeline.Batch[int]], out *pipeline.Outlet[*pipeline.Body]) error {
		for batch := range in.All() {
			select {
			case <-time.After(took):
			case <-ctx.Done():
				in.Abandoned(batch)
				continue
			}
			if err := out.Send(spansOf(batch, 10)); err != nil {
				return err
			}
		}
		return in.Err()
	}
}

func keysOf(c *sinktest.Collector) (keys []string) {
	for _, q := range c.Requests() {
		if q.Records > 0 {
			keys = append(keys, q.Key)
		}
	}
	return keys
}
