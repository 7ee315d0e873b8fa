package jobs

import (
	"fmt"
	"runtime"
	"slices"
	"time"
)

// Idle sends one item at a time through five stages that have nothing else to do.
const (
	idleStages  = 5
	idleDepth   = 64                     // of each queue, in items, where the implementation's name does not say
	idleItems   = 400                    // in a run
	idleDropped = 20                     // of them, at the start: they warm up
	idlePause   = 300 * time.Microsecond // before each item, so that every goroutine has parked
)

// A Line is a running chain of five stages "A++". One goroutine calls Send and Receive in turn, then Stop.
type Line struct {
	Send    func(Item)
	Receive func() Item // waits for the item at the sink
	Stop    func()      // returns when the line's goroutines have ended, or are about to
}

// An IdleImpl is one way to make a line.
type IdleImpl struct {
	Name  string
	Start func() Line
}

// An IdleSample is what one run of 400 items took, from Send to the return of Receive.
type IdleSample struct {
	P50, P99 float64 // ns
}

// An IdleJob is the latency job and everyone who does it.
type IdleJob struct {
	Name  string
	Base  string     // the implementation that ratios are taken against unless one is named
	Impls []IdleImpl // in order of registration
}

// Idle is the latency of an idle line.
var Idle = &IdleJob{Name: "Idle", Base: "chan0"}

func init() {
	for _, depth := range []int{0, idleDepth} {
		Idle.Register(chanName(depth), func() Line { return idleChan(depth) })
	}
	Idle.Register("chunk", idleChunk)
	Idle.Register("swap-link", idleSwapLink)
}

// Register adds an implementation. Call it from init; a name that is taken panics.
func (j *IdleJob) Register(name string, start func() Line) {
	for _, impl := range j.Impls {
		if impl.Name == name {
			panic(fmt.Sprintf("jobs: %s has an implementation %q already", j.Name, name))
		}
	}
	j.Impls = append(j.Impls, IdleImpl{Name: name, Start: start})
}

// Measure sends 400 items through a new line, one at a time, and checks each. It takes about half a second, nearly all
// of it asleep.
func (j *IdleJob) Measure(impl IdleImpl) (IdleSample, error) { return j.measure(impl, idleItems) }

func (j *IdleJob) measure(impl IdleImpl, items int) (IdleSample, error) {
	runtime.GC()
	line := impl.Start()
	defer line.Stop()
	took := make([]time.Duration, 0, items)
	for i := range items {
		time.Sleep(idlePause)
		sent := NewItem(i)
		start := time.Now()
		line.Send(sent)
		got := line.Receive()
		took = append(took, time.Since(start))
		if got.ID != sent.ID || got.A != sent.A+idleStages {
			return IdleSample{}, fmt.Errorf("%s/impl=%s: sent item %d with A = %d, got item %d with A = %d",
				j.Name, impl.Name, sent.ID, sent.A, got.ID, got.A)
		}
	}
	took = took[idleDropped:]
	slices.Sort(took)
	return IdleSample{
		P50: float64(took[len(took)/2].Nanoseconds()),
		P99: float64(took[len(took)*99/100].Nanoseconds()),
	}, nil
}

func idleChan(depth int) Line {
	first := make(chan Item, depth)
	last := incrementChans(first, depth, idleStages)
	return Line{
		Send:    func(item Item) { first <- item },
		Receive: func() Item { return <-last },
		Stop: func() {
			close(first)
			<-last // closed by the last stage when all have ended
		},
	}
}
