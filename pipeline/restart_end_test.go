package pipeline_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
)

// TestRestartKeepsBackpressure holds that while a stage pauses, its link fills, who sends waits, and
// the law holds.
func TestRestartKeepsBackpressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{MaxBytes: 1000})
		entry := pipeline.NewEntry[token](pipeline.EntryConfig{Queue: 2})
		m := &mortal[token]{dies: once(token{Seq: 0, Bytes: 7}, func() error { return errDrawn })}
		relayed := pipeline.Via(pipeline.From(p, entrySource{entry}), m.stage(), pipeline.Queue(2),
			restarting(pipeline.RestartConfig{Min: time.Hour, Max: time.Hour}))
		pipeline.To(relayed, pipelinetest.NewFake[token]().Sink())
		r := start(t, p)
		for seq := 0; ; seq++ {
			ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond)
			err := entry.Push(ctx, token{Seq: seq, Bytes: 7})
			cancel()
			if err == nil {
				continue
			}
			stats := p.Stats()
			if err := pipelinetest.CheckAtRest(stats); err != nil {
				t.Error(err)
			}
			if s := stats.Stage("mortal"); s.Held != 1 || s.Queued < 2 || stats.Bytes != int64(7*seq) || stats.Ledger.InFlight != int64(seq) {
				t.Errorf("after %d pushes the stage holds %d with %d queued, and %d bytes are charged", seq, s.Held, s.Queued, stats.Bytes)
			}
			break
		}
		entry.Close()
		if err := r.wait(); err != nil || m.lives != 2 {
			t.Errorf("Run returned %v after %d lives", err, m.lives)
		}
	})
}

// TestRestartInADrain holds that the end of the run cuts a pause short once, and that the deadline
// ends it for good.
func TestRestartInADrain(t *testing.T) {
	for name, c := range map[string]struct {
		heals    bool
		drain    time.Duration
		lasts    time.Duration
		restarts int64
		losses   []any
	}{
		"it heals":      {true, 0, 0, 1, nil},
		"it dies again": {false, time.Second, time.Second, 1, []any{pipeline.ReasonDrainDeadline, token{Seq: 1}, pipeline.ReasonDrainDeadline, token{Seq: 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lost []any
				p := pipeline.New(pipeline.Config{DrainTimeout: c.drain, OnLoss: func(_, reason string, item any) { lost = append(lost, reason, item) }})
				m := &mortal[token]{dies: func(item token, life int) error { return when(item.Seq == 1 && (life == 1 || !c.heals), errDrawn) }}
				entry := pipeline.NewEntry[token](pipeline.EntryConfig{})
				cfg := pipeline.RestartConfig{Min: 200_000 * time.Hour, Max: 200_000 * time.Hour} // the one drawn is long, too
				pipeline.To(pipeline.From(p, entrySource{entry}), m.sink(), restarting(cfg))
				r := start(t, p)
				for seq := range 3 {
					if err := entry.Push(t.Context(), token{Seq: seq}); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				began := time.Now()
				err := r.end()
				if took := time.Since(began); took != c.lasts || p.Stats().Stage("mortal").Restarts != c.restarts || !slices.Equal(lost, c.losses) {
					t.Errorf("Run returned %v after %v and %d restarts, and lost %v; want %v, %d and %v", err, took,
						p.Stats().Stage("mortal").Restarts, lost, c.lasts, c.restarts, c.losses)
				}
			})
		})
	}
}

// TestRestartAtTheDeadline holds that an item which was to be given again and was not is abandoned by
// name, as is one that a function gave back when its context ended.
func TestRestartAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lost []any
		p := pipeline.New(pipeline.Config{MaxBytes: 100, DrainTimeout: time.Second, OnLoss: func(_, reason string, item any) { lost = append(lost, reason, item) }})
		sink := pipeline.SinkActor(func(ctx context.Context, in *pipeline.Inlet[sized]) error {
			for range in.All() {
				<-ctx.Done()
				return context.Cause(ctx)
			}
			return in.Err()
		})
		feed := &pipelinetest.Feed[sized]{N: 2, Item: func(i int) sized { return sized(i + 1) }}
		pipeline.To(pipeline.From(p, feed), sink, restarting(pipeline.RestartConfig{}))
		err := start(t, p).wait()
		want := []any{pipeline.ReasonDrainDeadline, sized(1), pipeline.ReasonDrainDeadline, sized(2)}
		if !slices.Equal(lost, want) {
			t.Errorf("Run returned %v and lost %v, want %v", err, lost, want)
		}
	})
}

// TestBytesOfTheDead holds that the bytes of what a function held are given back when it dies, and
// those of the item that is given again are not.
func TestBytesOfTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{MaxBytes: 100})
		lives := 0
		proceed := make(chan struct{})
		sink := pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[sized]) error {
			lives++
			for item := range in.All() {
				switch {
				case lives == 1 && item == 3:
					return errDrawn
				case lives == 2:
					<-proceed
					in.Delivered(item)
				}
			}
			return in.Err()
		})
		feed := &pipelinetest.Feed[sized]{N: 3, Item: func(i int) sized { return sized(i + 1) }}
		pipeline.To(pipeline.From(p, feed), sink, restarting(pipeline.RestartConfig{}))
		r := start(t, p)
		time.Sleep(time.Minute)
		synctest.Wait()
		if stats := p.Stats(); lives != 2 || stats.Bytes != 3 || stats.Ledger.InFlight != 1 || stats.Ledger.Failed != 2 {
			t.Errorf("in life %d the ledger is %+v, and %d bytes are charged", lives, stats.Ledger, stats.Bytes)
		}
		close(proceed)
		if err := r.wait(); err == nil || p.Ledger().Delivered != 1 {
			t.Errorf("Run returned %v with %+v", err, p.Ledger())
		}
	})
}

// TestDeathAfterTheEnd holds that a function which fails when its items have ended is called again
// only if there is one to give it; else its error is the run's.
func TestDeathAfterTheEnd(t *testing.T) {
	t.Run("with an item in its hands", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := pipeline.New(pipeline.Config{})
			died := false
			fake := pipelinetest.NewFake[int]()
			stage := pipeline.Actor(func(_ context.Context, in *pipeline.Inlet[int], out *pipeline.Outlet[int]) error {
				var held []int
				in.OnMark(func() error {
					if !died {
						died = true
						runtime.Goexit()
					}
					for _, item := range held {
						if err := out.Send(item); err != nil {
							return err
						}
					}
					held = nil
					return nil
				})
				for item := range in.All() {
					held = append(held, item)
				}
				return in.Err()
			})
			pipeline.To(pipeline.Via(pipeline.From(p, countTo(1)), stage, restarting(pipeline.RestartConfig{})), fake.Sink())
			if err := start(t, p).wait(); err != nil || len(fake.Items()) != 1 {
				t.Errorf("Run returned %v, delivered %v", err, fake.Items())
			}
		})
	})
	t.Run("with none", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := pipeline.New(pipeline.Config{})
			lives := 0
			sink := pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[int]) error {
				lives++
				for item := range in.All() {
					in.Delivered(item)
				}
				return errDrawn // as of a file that does not close
			})
			pipeline.To(pipeline.From(p, countTo(3)), sink, restarting(pipeline.RestartConfig{}))
			if err := start(t, p).wait(); !errors.Is(err, errDrawn) || lives != 1 || p.Ledger().Delivered != 3 {
				t.Errorf("Run returned %v after %d lives", err, lives)
			}
		})
	})
}

// TestDeathAfterStop holds that a function which wants no more items and dies is given its last one
// again, and no other.
func TestDeathAfterStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		var given []int
		sink := pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[int]) error {
			for item := range in.All() {
				if given = append(given, item); len(given) == 1 {
					in.Stop()
					return errDrawn
				}
				in.Delivered(item)
			}
			return in.Err()
		})
		pipeline.To(pipeline.From(p, countTo(5)), sink, restarting(pipeline.RestartConfig{}))
		if err := start(t, p).wait(); err != nil || !slices.Equal(given, []int{0, 0}) || p.Ledger().Delivered != 1 {
			t.Errorf("Run returned %v with %+v, it was given %v", err, p.Ledger(), given)
		}
	})
}
