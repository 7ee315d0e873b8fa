package jobs

import (
	"fmt"
	"sync"
	"testing"
)

// Sizes that leave partial vectors and batches, fill them exactly, or leave nothing at all.
var sizes = []int{0, 1, 2, 255, 256, 257, 2000, 2001, 5003}

func TestEveryImplementationDoesItsJob(t *testing.T) {
	for _, job := range Jobs() {
		for _, impl := range job.Impls {
			t.Run(fmt.Sprintf("%s/impl=%s", job.Name, impl.Name), func(t *testing.T) {
				for _, n := range sizes {
					if err := job.Check(impl, n, impl.Run(n)); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
}

func TestEveryLineIsTransparent(t *testing.T) {
	for _, impl := range Idle.Impls {
		t.Run(impl.Name, func(t *testing.T) {
			sample, err := Idle.measure(impl, 2*idleDropped)
			if err != nil {
				t.Fatal(err)
			}
			if sample.P50 <= 0 || sample.P99 < sample.P50 {
				t.Errorf("sample %+v: want 0 < P50 <= P99", sample)
			}
		})
	}
}

func TestBasesAreRegistered(t *testing.T) {
	for _, job := range Jobs() {
		found := false
		for _, impl := range job.Impls {
			found = found || impl.Name == job.Base
		}
		if !found {
			t.Errorf("%s has no implementation %q to compare with", job.Name, job.Base)
		}
	}
}

func TestCheckFindsWrongRuns(t *testing.T) {
	const n = 10
	impl := Impl{Name: "wrong"}
	for _, c := range []struct {
		name string
		job  *Job
		run  func() Result
	}{
		{"an item lost", J2, func() Result { return j2Loop(n - 1) }},
		{"an item twice", J2, func() Result {
			seen := j2Loop(n)
			seen.Add(Increment(NewItem(3)))
			return seen
		}},
		{"a stage left out", J2, func() Result { return j3Loop(n) }},
		{"an item that should have been filtered", J1, func() Result {
			seen := j1Loop(n)
			seen.Add(Scale(NewItem(3)))
			return seen
		}},
		{"two items in the wrong order", J3o, func() Result {
			var seen Result
			for i := range n {
				seen.AddInOrder(Work(NewItem(i ^ 1)))
			}
			return seen
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.job.Check(impl, n, c.run()); err == nil {
				t.Error("Check found nothing")
			}
		})
	}
}

func TestMeasureGivesFigures(t *testing.T) {
	impl := J1.Impls[0]
	sample, err := J1.Measure(impl, 20_000)
	if err != nil {
		t.Fatal(err)
	}
	if sample.Wall <= 0 || sample.CPU < 0 || sample.Allocs > 0.1 {
		t.Errorf("%s/impl=%s: %+v, want a wall time and hardly an allocation", J1.Name, impl.Name, sample)
	}
	if n := J1.Cut(impl); n < minItems || n > J1.Items {
		t.Errorf("Cut = %d, want %d to %d", n, minItems, J1.Items)
	}
}

// Many producers, one consumer, and less room than items: each link gives every item once, and in each producer's order.
func TestLinksKeepEachProducersOrder(t *testing.T) {
	const producers, n = 8, 40_000
	check := func(t *testing.T, received []Item) {
		t.Helper()
		if len(received) != n {
			t.Fatalf("%d items arrived, want %d", len(received), n)
		}
		var next [producers]uint64
		for _, item := range received {
			p := item.ID * producers / n
			if want := p*n/producers + next[p]; item.ID != want {
				t.Fatalf("producer %d: item %d arrived, want %d", p, item.ID, want)
			}
			next[p]++
		}
	}
	t.Run("chunk", func(t *testing.T) {
		pool, link := newChunkPool(), newChunkLink()
		var group sync.WaitGroup
		group.Go(func() {
			defer close(link.vectors)
			Produce(producers, n, func(from, to int) {
				w := chunkWriter{link: link, pool: pool}
				for i := from; i < to; i++ {
					w.put(NewItem(i))
				}
				w.flush()
			})
		})
		var received []Item
		for vector, ok := link.take(); ok; vector, ok = link.take() {
			received = append(received, vector...)
			pool.put(vector)
		}
		group.Wait()
		check(t, received)
	})
	t.Run("swap-link", func(t *testing.T) {
		link := newSwapLink()
		var group sync.WaitGroup
		group.Go(func() {
			defer link.close()
			Produce(producers, n, func(from, to int) {
				for i := from; i < to; i++ {
					link.put(NewItem(i))
				}
			})
		})
		var received []Item
		link.each(func(taken []Item) { received = append(received, taken...) })
		group.Wait()
		check(t, received)
	})
}
