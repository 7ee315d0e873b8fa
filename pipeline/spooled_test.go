package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// What an earlier run left counts as accepted and spooled, and whatever comes out of the spool has an
// end like any other item. The law holds for the whole and for the stage.
func ExampleInlet_Spooled() {
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, numbers(10)), pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[int]) error {
		in.Recovered(5)
		for item := range in.All() {
			in.Spooled(item)
		}
		in.DeliveredN(in.Unspooled(8))
		in.FailedN(in.Unspooled(1), pipeline.WithReason(pipeline.ReasonQuarantined, errors.New("damaged")))
		in.DroppedN(in.Unspooled(2), pipeline.ReasonSpoolFull)
		fmt.Println(in.SpooledNow(), "are left")
		return in.Err()
	}))
	fmt.Println(p.Run(context.Background()))
	l := p.Ledger()
	fmt.Println(l.Accepted, "=", l.Delivered, "+", l.Failed, "+", l.Dropped, "+", l.Spooled, "and", l.Balance())
	// Output:
	// 4 are left
	// pipeline: lost 3 of 15 items; sink: 2 dropped: spool_full; sink: 1 failed: quarantined (damaged)
	// 15 = 8 + 1 + 2 + 4 and 0
}

// TestSpooledIsNoLoss: Run returns nil, and no more is taken out of the column than is in it.
func TestSpooledIsNoLoss(t *testing.T) {
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, numbers(3)), pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[int]) error {
		for item := range in.All() {
			in.Spooled(item)
		}
		if n := in.Unspooled(10); n != 3 {
			t.Errorf("Unspooled(10) took %d of 3", n)
		}
		if n := in.Unspooled(1); n != 0 {
			t.Errorf("Unspooled(1) took %d of none", n)
		}
		in.SpooledN(3)
		return in.Err()
	}))
	if err := p.Run(t.Context()); err != nil {
		t.Error(err)
	}
	if want, got := (pipeline.Ledger{Accepted: 3, Spooled: 3}), p.Ledger(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestSpooledAccount: any order of the calls, from several goroutines, adds up.
func TestSpooledAccount(t *testing.T) {
	for seed := range uint64(20) {
		p := pipeline.New(pipeline.Config{})
		pipeline.To(pipeline.From(p, numbers(500)), pipeline.SinkActor(func(ctx context.Context, in *pipeline.Inlet[int]) error {
			in.Recovered(int(seed))
			for item := range in.All() {
				in.Spooled(item)
				if item%100 != 0 {
					continue
				}
				if err := pipeline.Go(ctx, "out", func(context.Context) error {
					rng := rand.New(rand.NewPCG(seed, uint64(item)))
					for range 30 {
						switch n := in.Unspooled(rng.IntN(5)); rng.IntN(4) {
						case 0:
							in.DeliveredN(n)
						case 1:
							in.DroppedN(n, pipeline.ReasonSpoolFull)
						case 2:
							in.FailedN(n, pipeline.WithReason(pipeline.ReasonSpoolExpired, errors.New("old")))
						default:
							in.SpooledN(n)
						}
						if l := p.Ledger(); l.Spooled < 0 {
							t.Errorf("%+v", l)
						}
					}
					return nil
				}); err != nil {
					return err
				}
			}
			return in.Err()
		}))
		_ = p.Run(t.Context()) // what it lost is below
		l, s := p.Ledger(), p.Stats().Stage("sink")
		if l.Balance() != 0 || l.Accepted != 500+int64(seed) || l.Made != 0 || l.InFlight != 0 {
			t.Errorf("seed %d: %+v", seed, l)
		}
		if s.In != s.Delivered+s.Dropped+s.Failed+s.Spooled {
			t.Errorf("seed %d: the stage: %+v", seed, s)
		}
	}
}

// TestLastCall: who asked for it can put away what is there when the time is up, and nobody else
// waits for longer.
func TestLastCall(t *testing.T) {
	for _, c := range []struct {
		name   string
		asks   bool
		puts   bool // away, at the last call
		took   time.Duration
		ledger pipeline.Ledger
	}{
		{"nobody asks", false, false, time.Second, pipeline.Ledger{Accepted: 3, Abandoned: 3}},
		{"it is used", true, true, time.Second, pipeline.Ledger{Accepted: 3, Spooled: 3}},
		{"it is let go by", true, false, time.Second + 80*time.Millisecond, pipeline.Ledger{Accepted: 3, Abandoned: 3}},
	} {
		for _, way := range []string{"Shutdown", "DrainTimeout"} {
			t.Run(c.name+", "+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cfg := pipeline.Config{}
					if way == "DrainTimeout" {
						cfg.DrainTimeout = time.Second
					}
					p := pipeline.New(cfg)
					sink := pipeline.SinkActor(func(ctx context.Context, in *pipeline.Inlet[int]) error {
						var last <-chan struct{}
						if c.asks {
							last = in.LastCall()
						}
						for item := range in.All() {
							if !c.puts {
								last = nil
							}
							select {
							case <-last:
								in.Spooled(item)
							case <-ctx.Done():
								in.Abandoned(item)
							}
						}
						return in.Err()
					})
					if c.asks {
						sink = sink.WithLastCall()
					}
					pipeline.To(pipeline.From(p, numbers(3)), sink)
					ran := make(chan error, 1)
					go func() { ran <- p.Run(t.Context()) }()
					synctest.Wait()
					began := time.Now()
					if way == "Shutdown" {
						ctx, cancel := context.WithTimeout(t.Context(), time.Second)
						defer cancel()
						_ = p.Shutdown(ctx) // Run returns the same
					}
					err := <-ran
					if took := time.Since(began); took != c.took {
						t.Errorf("it took %v, want %v", took, c.took)
					}
					if (err != nil) != (c.ledger.Abandoned > 0) {
						t.Error(err)
					}
					if got := p.Ledger(); got != c.ledger {
						t.Errorf("%+v, want %+v", got, c.ledger)
					}
				})
			})
		}
	}
}
