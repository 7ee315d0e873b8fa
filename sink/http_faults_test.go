package sink_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// A row is what is wrong with an endpoint, or the way to it, for ten seconds.
type row struct {
	fault sinktest.Fault
	dial  func(ctx context.Context) error
	// within is how long after the fault the first body gets through, at most. It holds with a
	// probe; without one a body that nobody answers is waited for until it times out.
	within time.Duration
	lost   bool // each body that meets the fault has failed
	twice  bool // the endpoint may have stored what it did not acknowledge
}

const (
	soon     = 2 * time.Second  // down: asked each second
	byAndBy  = 31 * time.Second // paused: somebody has to act, so it is asked each 15 to 30 s
	asAsked  = 31 * time.Second // Retry-After, which is obeyed up to Max
	onceMore = 12 * time.Second // a single try is waited for
)

var errNoHost = &net.DNSError{Err: "no such host", Name: "collector.example", IsNotFound: true}

var rows = map[string]row{
	"refused":                   {dial: fails(errRefused), within: soon},
	"black hole":                {dial: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, within: soon},
	"no such host":              {dial: fails(errNoHost), within: soon},
	"no answer of the resolver": {dial: fails(&net.DNSError{Err: "server misbehaving", IsTemporary: true}), within: soon},
	"no file descriptors":       {dial: fails(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.EMFILE}), within: soon},
	"no ports":                  {dial: fails(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.EADDRNOTAVAIL}), within: soon},
	"no route":                  {dial: fails(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.EHOSTUNREACH}), within: soon},

	"reset before the body":   {fault: sinktest.ResetBeforeBody(), within: soon},
	"reset in mid-body":       {fault: sinktest.ResetMidBody(), within: soon},
	"reset after the body":    {fault: sinktest.ResetAfterBody(), within: soon},
	"closed in mid-body":      {fault: sinktest.CloseMidBody(), within: soon},
	"end in place of headers": {fault: sinktest.Raw(200, ""), within: soon, twice: true},
	"no HTTP":                 {fault: sinktest.Raw(200, "\x00\x01no header\r\n\r\n"), within: soon, twice: true},
	"answer lost":             {fault: sinktest.AnswerLost(), within: soon, twice: true},
	"answer too late":         {fault: sinktest.AnswerLate(time.Minute), within: soon, twice: true},
	"accepted but silent":     {fault: sinktest.Stall(), within: soon},
	"reads 1 B/s":             {fault: sinktest.SlowRead(1, time.Second), within: soon},
	"headers of 1 MiB":        {fault: sinktest.HugeHeader(200, 1<<20), within: soon, twice: true},
	"headers without end":     {fault: sinktest.EndlessHeader(200), within: soon, twice: true},
	"headers byte by byte":    {fault: sinktest.SlowHeader(200, 3*time.Second), within: soon, twice: true},
	"200 ms late":             {fault: sinktest.Delay(200 * time.Millisecond), within: soon},

	"200 without end":       {fault: sinktest.EndlessBody(200), within: onceMore},
	"200 of 10 GiB":         {fault: sinktest.HugeBody(200, 10<<30), within: soon},
	"200 byte by byte":      {fault: sinktest.SlowBody(200, 10*time.Second), within: onceMore},
	"200, a gzip bomb":      {fault: sinktest.GzipBomb(200, 1<<24), within: soon},
	"200, a wrong length":   {fault: sinktest.WrongContentLength(200, 100, 10), within: soon},
	"200, a web page":       {fault: sinktest.HTMLPage(), within: byAndBy},
	"503 without end":       {fault: sinktest.EndlessBody(503), within: soon},
	"503 byte by byte":      {fault: sinktest.SlowBody(503, 10*time.Second), within: soon},
	"Retry-After 1e9":       {fault: sinktest.RetryAfter("1000000000"), within: asAsked},
	"Retry-After malformed": {fault: sinktest.RetryAfter("soon"), within: soon},
	"Retry-After twice":     {fault: sinktest.RetryAfter("7", "9"), within: soon},
	"Retry-After of 64 KiB": {fault: sinktest.RetryAfter(strings.Repeat("9", 60<<10)), within: asAsked},
	"302":                   {fault: sinktest.Redirect(302, "http://elsewhere.example/"), within: byAndBy},
	"307 to another host":   {fault: sinktest.Redirect(307, "http://elsewhere.example/"), within: byAndBy},
	"401":                   {fault: sinktest.Status(401), within: byAndBy},
	"402":                   {fault: sinktest.Status(402), within: byAndBy},
	"403":                   {fault: sinktest.Status(403), within: byAndBy},
	"404":                   {fault: sinktest.Status(404), within: soon, lost: true},
	"408":                   {fault: sinktest.Status(408), within: soon},
	"425":                   {fault: sinktest.Status(425), within: soon},
	"429":                   {fault: sinktest.Status(429), within: asAsked},
	"500":                   {fault: sinktest.Status(500), within: soon},
	"502":                   {fault: sinktest.Status(502), within: soon},
	"503":                   {fault: sinktest.Status(503), within: soon},
	"504":                   {fault: sinktest.Status(504), within: soon},
	"507":                   {fault: sinktest.Status(507), within: soon},
	"529":                   {fault: sinktest.Status(529), within: soon},
	"599":                   {fault: sinktest.Status(599), within: soon},
}

func fails(err error) func(context.Context) error { return func(context.Context) error { return err } }

// Ten seconds of each fault under a steady load, and then all is well: nothing is lost, nothing is
// stored twice under different keys, and not a byte goes anywhere else.
func TestTenSecondsOfEachFault(t *testing.T) {
	for name, row := range rows {
		for _, probe := range [][]byte{nil, nothing} {
			t.Run(fmt.Sprintf("%s, probe %d", name, len(probe)), func(t *testing.T) {
				bubble(t, func(t *testing.T, c *sinktest.Collector) { tenSeconds(t, c, row, probe) })
			})
		}
	}
	if !t.Failed() {
		faults.Happened(t, "net.ten-seconds", "%d faults: nothing lost but what a 404 refuses, each span stored once, the first success in time", len(rows))
	}
}

func tenSeconds(t *testing.T, c *sinktest.Collector, row row, probe []byte) {
	const healthy, faulty, per = 2 * time.Second, 10 * time.Second, 8
	var elsewhere atomic.Int64
	r := start(t, c, sink.HTTPConfig{
		Probe: probe, Header: http.Header{"X-Api-Key": {"canary-4711"}},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address != "127.0.0.1:1" {
				elsewhere.Add(1)
			}
			return c.DialContext(ctx, network, address)
		},
	}, pipeline.Config{})
	sent := 0
	load := func(d time.Duration) {
		for range d / (time.Second / per) {
			sent++
			r.push(span(sent))
			time.Sleep(time.Second / per)
		}
	}
	load(healthy)
	if row.fault != nil {
		c.Set(row.fault)
	} else {
		c.Down() // ends what is connected too
		c.Up()
		c.OnDial(func(ctx context.Context, _ int) error { return row.dial(ctx) })
	}
	load(faulty)
	met := len(c.Requests())
	c.Heal()
	healed := time.Now()
	first := make(chan time.Duration, 1)
	go func() {
		for { // the first request since then that was accepted with its spans
			for _, q := range c.Requests()[met:] {
				if q.Records > 0 && q.Status/100 == 2 && !q.Time.Before(healed) {
					first <- time.Since(healed)
					return
				}
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	load(healthy)
	if took := <-first; took > max(row.within, onceMore) || probe != nil && took > row.within {
		t.Errorf("the first body got through after %v, want %v", took, row.within)
	}
	if err := r.p.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	_ = r.stop()
	synctest.Wait()
	failed := r.p.Ledger().Failed
	if row.lost != (failed > 0) {
		t.Errorf("%d failed: %v", failed, r.p.Stats().Losses)
	}
	want := pipeline.Ledger{Accepted: int64(sent), Delivered: int64(sent) - failed, Failed: failed}
	r.check(want)
	if !row.lost {
		checkOnce(t, c, sent)
	}
	keys := map[string]int{}
	for _, q := range c.Requests() {
		if q.Records > 0 {
			keys[q.Key]++
		}
	}
	if got := c.Ledger(); got.Repeated > 0 && !row.twice {
		t.Errorf("%d records came twice", got.Repeated)
	}
	if len(keys) > sent {
		t.Errorf("%d keys for %d bodies", len(keys), sent)
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("%d connections to another host", n)
	}
}

// A server may end a connection while it is idle; what is sent on it meanwhile is sent again.
func TestIdleConnectionsMayEnd(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, sink.HTTPConfig{}, pipeline.Config{})
		for i := range 20 {
			r.push(span(i + 1))
			time.Sleep(time.Second)
			c.Down()
			c.Up()
		}
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		checkOnce(t, c, 20)
		r.check(pipeline.Ledger{Accepted: 20, Delivered: 20})
	})
}

// Whatever an address was before, each connection asks anew.
func TestAddressMayChange(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		other := sinktest.StartPipe(t, sinktest.Config{})
		var moved atomic.Bool
		r := start(t, c, sink.HTTPConfig{Probe: nothing, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if moved.Load() {
				return other.DialContext(ctx, network, address)
			}
			return c.DialContext(ctx, network, address)
		}}, pipeline.Config{})
		r.push(span(1))
		time.Sleep(time.Second)
		c.Down()
		r.push(span(2))
		time.Sleep(10 * time.Second)
		moved.Store(true)
		time.Sleep(2 * time.Second)
		if other.Len() != 1 {
			t.Errorf("%d of 1 at the new address", other.Len())
		}
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		r.check(pipeline.Ledger{Accepted: 2, Delivered: 2})
	})
}
