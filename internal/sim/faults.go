package main

import (
	"context"
	"fmt"
	"math"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// meaning is what a fault may lead to.
type meaning uint8

const (
	again   meaning = iota // nothing but another try
	final                  // the body has failed, with the reason rejected
	part                   // some of its items have
	unseen                 // the collector stored it, and the client cannot know
	perhaps                // the client may have left before the answer of a collector that took it
	cuts                   // a body of several items is cut, a single one fails as too large
	recode                 // once more, plain
)

// requestFaults are what may happen to a request, with or without items.
var requestFaults = map[string]struct {
	means meaning
	make  func(f Fault) sinktest.Fault
}{
	"status":            {again, func(f Fault) sinktest.Fault { return sinktest.Status(f.Code) }},
	"throttled":         {again, func(f Fault) sinktest.Fault { return sinktest.Status(429) }},
	"retry-after":       {again, func(f Fault) sinktest.Fault { return sinktest.Status(f.Code, "Retry-After", f.Text) }},
	"redirect":          {again, func(f Fault) sinktest.Fault { return sinktest.Redirect(f.Code, "http://elsewhere.example/spans") }},
	"refused for good":  {final, func(f Fault) sinktest.Fault { return sinktest.Status(f.Code) }},
	"too large":         {cuts, func(f Fault) sinktest.Fault { return sinktest.TooLarge(int64(f.Size)) }},
	"plain only":        {recode, func(Fault) sinktest.Fault { return sinktest.Unsupported() }},
	"partial success":   {part, func(f Fault) sinktest.Fault { return sinktest.PartialSuccess(f.Size, "some are bad") }},
	"captive portal":    {again, func(Fault) sinktest.Fault { return sinktest.HTMLPage() }},
	"quota":             {again, func(f Fault) sinktest.Fault { return sinktest.Quota(f.Wait) }},
	"reset before body": {again, func(Fault) sinktest.Fault { return sinktest.ResetBeforeBody() }},
	"reset in body":     {again, func(Fault) sinktest.Fault { return sinktest.ResetMidBody() }},
	"reset after body":  {again, func(Fault) sinktest.Fault { return sinktest.ResetAfterBody() }},
	"closed in body":    {again, func(Fault) sinktest.Fault { return sinktest.CloseMidBody() }},
	"answer lost":       {unseen, func(Fault) sinktest.Fault { return sinktest.AnswerLost() }},
	"answer late":       {unseen, func(f Fault) sinktest.Fault { return sinktest.AnswerLate(f.Wait) }},
	"slow":              {again, func(f Fault) sinktest.Fault { return sinktest.Delay(f.Wait) }},
	"silence":           {again, func(Fault) sinktest.Fault { return sinktest.Stall() }},
	"slow read":         {perhaps, func(f Fault) sinktest.Fault { return sinktest.SlowRead(f.Size, f.Wait) }},
	"endless body":      {again, func(f Fault) sinktest.Fault { return sinktest.HugeBody(f.Code, 1<<20) }},
	"slow body":         {again, func(f Fault) sinktest.Fault { return sinktest.SlowBody(f.Code, f.Wait) }},
	"huge header":       {unseen, func(f Fault) sinktest.Fault { return sinktest.HugeHeader(200, 100<<10) }},
	"no HTTP":           {unseen, func(f Fault) sinktest.Fault { return sinktest.Raw(200, "\x00\x01no header\r\n\r\n") }},
	"short body":        {again, func(f Fault) sinktest.Fault { return sinktest.WrongContentLength(f.Code, 1000, 10) }},
}

// permanent are the statuses after which nothing of a body is ever sent again.
var permanent = []int{404, 405, 406, 409, 410, 411, 422, 501, 505}

// mendable are the statuses that mean another try within 30 s. A 402 without a time stops a CloudExporter for five minutes.
var mendable = []int{401, 403, 408, 425, 500, 502, 503, 504, 507, 520, 529, 599}

// dialFaults are what may happen to a connection while it is made, or later.
var dialFaults = map[string]func(w *world, ctx context.Context, f Fault) (cutAfter int, err error){
	"refused": func(*world, context.Context, Fault) (int, error) {
		return 0, &net.OpError{Op: "dial", Net: "pipe", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	},
	"black hole": func(_ *world, ctx context.Context, _ Fault) (int, error) {
		<-ctx.Done()
		return 0, context.Cause(ctx)
	},
	"slow": func(w *world, ctx context.Context, f Fault) (int, error) {
		w.reached(connecting)
		timer := time.NewTimer(f.Wait)
		defer timer.Stop()
		select {
		case <-timer.C:
			return 0, nil
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	},
	"no such host": func(*world, context.Context, Fault) (int, error) {
		return 0, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "collector.example", IsNotFound: true}}
	},
	"cut while writing": func(_ *world, _ context.Context, f Fault) (int, error) { return f.Size, nil },
}

// errReset is what a connection that is cut says.
var errReset = &net.OpError{Op: "write", Net: "pipe", Err: os.NewSyscallError("write", syscall.ECONNRESET)}

// cutConn breaks when so many bytes were written to it.
type cutConn struct {
	net.Conn
	left   atomic.Int64
	healed *atomic.Bool
}

func (c *cutConn) Write(b []byte) (int, error) {
	if c.healed.Load() {
		return c.Conn.Write(b)
	}
	left := c.left.Add(-int64(len(b)))
	if left >= 0 {
		return c.Conn.Write(b)
	}
	n := max(0, int(left)+len(b))
	if n > 0 {
		n, _ = c.Conn.Write(b[:n]) // it is broken whatever this says
	}
	_ = c.Close() // likewise
	c.left.Store(math.MinInt32)
	return n, errReset
}

// dial connects to the collector, as the faults of the schedule say.
func (w *world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	n := int(w.dials.Add(1))
	if address != collectorHost {
		w.violate("a connection to %q", address)
	}
	cut := 0
	if f, ok := w.faultFor("dial", n, 1); ok && !w.healed.Load() {
		var err error
		if cut, err = dialFaults[f.Kind](w, ctx, f); err != nil {
			return nil, err
		}
	}
	conn, err := w.collector.DialContext(ctx, network, address)
	if err != nil || cut == 0 {
		return conn, err
	}
	c := &cutConn{Conn: conn, healed: &w.healed}
	c.left.Store(int64(cut))
	return c, nil
}

// faultFor finds what happens to the try of a body, a probe or a dial.
func (w *world) faultFor(on string, at, try int) (Fault, bool) {
	for _, f := range w.s.Faults {
		switch {
		case f.On != on:
		case on == "body" && f.At == at && try >= max(f.Try, 1) && try < max(f.Try, 1)+max(f.N, 1):
			return f, true
		case on != "body" && at >= f.At && at < f.At+max(f.N, 1):
			return f, true
		}
	}
	return Fault{}, false
}

// check finds a fault that there is not, in a schedule that was written by hand.
func (f Fault) check() error {
	known := false
	switch f.On {
	case "body", "probe":
		_, known = requestFaults[f.Kind]
	case "dial":
		_, known = dialFaults[f.Kind]
	case "time":
		known = f.Kind == "down"
	case "item":
		known = f.Kind == "panic" || f.Kind == "goexit" || f.Kind == "slow" || f.Kind == "fail"
	case "disk":
		_, known = diskFaults[f.Kind]
	}
	if !known {
		return fmt.Errorf("there is no fault %q of a %s", f.Kind, f.On)
	}
	return nil
}
