package browser

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/tracing"
)

// Jank is how long a page may work at a stretch: what takes longer, a person notices.
const Jank = 50 * time.Millisecond

// FrameTimes is how busy a page was.
type FrameTimes struct {
	Longest time.Duration // of the stretches that the page's thread worked without a frame or an answer, on the clock
	Work    time.Duration // of the same, by the processor time they used: other programs do not lengthen it
	Janks   int           // stretches whose Work was over [Jank]
	Tasks   int           // all of them
}

// mark is the name by which a trace finds the thread of the page.
const mark = "tailrace-browser-frames"

var tracingBusy sync.Mutex // the browser records one trace at a time

// Frames records what the page's thread does while f runs.
func Frames(t T, p *Page, f func()) FrameTimes {
	t.Helper()
	tracingBusy.Lock()
	defer tracingBusy.Unlock()
	tr := &trace{done: make(chan struct{})}
	p.record(tr)
	defer p.record(nil)
	call(p, tracing.Start, tracing.StartParams{
		TransferMode: tracing.StartTransferModeReportEvents,
		TraceConfig:  &tracing.TraceConfig{IncludedCategories: []string{"blink.user_timing", "disabled-by-default-devtools.timeline"}},
	})
	Eval[bool](p, "performance.mark('"+mark+"'), true")
	f()
	Eval[bool](p, "new Promise(done => requestAnimationFrame(() => setTimeout(() => done(true))))") // the last one is drawn
	call(p, tracing.End, cdp.Empty{})
	select {
	case <-tr.done:
	case <-time.After(p.patience):
		p.fatalf("the trace does not end")
	}
	times, err := tr.times()
	if err != nil {
		p.fatalf("trace: %v", err)
	}
	return times
}

func (p *Page) record(tr *trace) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trace = tr
}

// trace collects what the browser recorded. Its fields may be read when done is closed.
type trace struct {
	done   chan struct{}
	lost   bool
	events []traceEvent
	err    error
}

// traceEvent is one of Chrome's Trace Event Format; times are in microseconds.
type traceEvent struct {
	Name     string
	Ph       string
	PID, TID int64
	Dur      float64
	Tdur     *float64
}

func (tr *trace) event(ev any) {
	switch e := ev.(type) {
	case *tracing.EventDataCollected:
		for _, raw := range e.Value {
			var event traceEvent
			if err := json.Unmarshal(raw, &event); err != nil {
				tr.err = err
				continue
			}
			if event.Name == mark || event.Name == "RunTask" {
				tr.events = append(tr.events, event)
			}
		}
	case *tracing.EventTracingComplete:
		tr.lost = e.DataLossOccurred
		close(tr.done)
	}
}

// times sums up what the thread of the page did.
func (tr *trace) times() (f FrameTimes, err error) {
	if tr.err != nil || tr.lost {
		return f, fmt.Errorf("it is not whole: %w", tr.err)
	}
	var page traceEvent
	for _, e := range tr.events {
		if e.Name == mark {
			page = e
		}
	}
	for _, e := range tr.events {
		if e.Name == mark || e.Ph != "X" || e.PID != page.PID || e.TID != page.TID {
			continue
		}
		f.Tasks++
		took := time.Duration(e.Dur * float64(time.Microsecond))
		work := took
		if e.Tdur != nil {
			work = time.Duration(*e.Tdur * float64(time.Microsecond))
		}
		f.Longest, f.Work = max(f.Longest, took), max(f.Work, work)
		if work > Jank {
			f.Janks++
		}
	}
	if f.Tasks == 0 {
		return f, fmt.Errorf("nothing of the page is in %d events", len(tr.events))
	}
	return f, nil
}
