package sink_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// trouble is what goes wrong on real sockets for a while, and then no more.
type trouble struct {
	id         string // of its row
	begin, end func()
	cfg        sink.HTTPConfig
	size       int              // of a body, in bytes, about
	met        func(error) bool // whether the error of a request is of this fault; nil: it need not cause one
	held       bool             // somebody has to act: it is shown at once, and asked for rarely
}

// faultTime is how long a fault over real sockets lasts: a moment that is long enough to be noticed, or as
// many seconds as the variable TAILRACE_FAULT_SECONDS says.
func faultTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("TAILRACE_FAULT_SECONDS")
	if text == "" {
		return 400 * time.Millisecond
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatalf("TAILRACE_FAULT_SECONDS: %v", err)
	}
	return time.Duration(seconds * float64(time.Second))
}

const (
	socketTimeout = 300 * time.Millisecond  // of a request, unless its row says otherwise
	socketPause   = 100 * time.Millisecond  // RetryConfig.Max
	socketProbe   = 1500 * time.Millisecond // the longest time between two questions whether it is over
)

// play sends bodies of one span to c before, during and after the fault, and holds that each is stored once,
// that the account is exact, and that all is well soon after the fault has ended.
func (f trouble) play(t *testing.T, c *sinktest.Collector) {
	t.Helper()
	cfg := f.cfg
	cfg.Timeout = cmp.Or(cfg.Timeout, socketTimeout)
	if f.held {
		cfg.Timeout = 5 * time.Second // none of these is found by it, and a busy machine must not seem another fault
	}
	cfg.Retry = sink.RetryConfig{Min: socketPause / 10, Max: socketPause}
	r := start(t, c, cfg, pipeline.Config{DrainTimeout: time.Minute}) // so that what never heals ends too
	sent := 0
	push := func() {
		if sent < 900 { // all of them find room in the queue
			sent++
			r.push(spans(sent, sent, f.size))
		}
	}
	delivered := func(n int64) bool { return r.p.Ledger().Delivered >= n }
	for range 5 {
		push()
	}
	if !eventually(30*time.Second, func() bool { return delivered(5) }) {
		t.Fatalf("not well before the fault: %+v", r.h.Stats())
	}

	f.begin()
	if err := c.Err(); err != nil {
		t.Error(err)
	}
	began, before := time.Now(), r.h.Stats()
	met := f.met == nil
	for time.Since(began) < faultTime(t) || !met && time.Since(began) < 20*time.Second {
		push()
		time.Sleep(20 * time.Millisecond)
		met = met || f.met(r.h.Stats().LastError)
	}
	during := r.h.Stats()
	if !met {
		t.Errorf("the fault was not met: %v", during.LastError)
	}
	if f.held {
		// Those that were on their way, and one each time that half of the longest pause was over.
		most := int64(during.Senders) + int64(time.Since(began)/(socketPause/2)) + 1
		if n := during.Requests - before.Requests; during.State.Mode != sink.Paused || n > most {
			t.Errorf("want a pause and at most %d requests: %d, %+v", most, n, during)
		}
	}
	f.end()
	healed, already := time.Now(), r.p.Ledger().Delivered
	push()
	if !eventually(30*time.Second, func() bool { return delivered(already + 1) }) {
		t.Errorf("nothing is delivered after the fault: %+v", r.h.Stats())
	}
	longest := socketProbe
	if f.held {
		longest = socketPause
	}
	took := time.Since(healed)
	t.Logf("the first success came %v after the fault, %d requests during it", took.Round(time.Millisecond), during.Requests-before.Requests)
	if took > 10*(longest+cfg.Timeout) {
		t.Errorf("the first success came %v after the fault, ten times the longest pause and a request are %v", took, 10*(longest+cfg.Timeout))
	}
	for range 5 {
		push()
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := r.p.Flush(ctx); err != nil {
		t.Error(err)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if paused := slices.Contains(r.modes(), sink.Paused); paused != f.held {
		t.Errorf("modes %v", r.modes())
	}
	checkOnce(t, c, sent)
	stats := r.h.Stats()
	if got := int64(c.Ledger().Repeated); got > stats.Broken {
		t.Errorf("%d spans came twice, of %d requests without an answer", got, stats.Broken)
	}
	r.check(pipeline.Ledger{Accepted: int64(sent), Delivered: int64(sent)})
	switch {
	case t.Failed():
	case f.held:
		faults.Happened(t, f.id, wasHeld)
	case f.met == nil:
		faults.Happened(t, f.id, wasWell)
	default:
		faults.Happened(t, f.id, "retried; "+wasWell)
	}
}

// What play holds, for the table.
const (
	wasWell = "nothing lost, each span stored once"
	wasHeld = "shown at once, held and asked for rarely; " + wasWell
)

// eventually waits until cond is true, for at most limit.
func eventually(limit time.Duration, cond func() bool) bool {
	for end := time.Now().Add(limit); !cond(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// is, says and late recognize a fault by the error of a request that met it.
func is(targets ...error) func(error) bool {
	return func(err error) bool {
		return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
	}
}

func says(text string) func(error) bool {
	return func(err error) bool { return err != nil && strings.Contains(err.Error(), text) }
}

var (
	late    = says("no whole answer in time")
	refused = is(syscall.ECONNREFUSED)
)

// broken is how a connection ends that the other side breaks off, wherever that is noticed: net/http's reader may
// close it below the writer.
var broken = is(syscall.ECONNRESET, syscall.EPIPE, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed)

// road leads connections to addr, or wherever else the last call of lead says.
type road struct {
	addr string

	mu     sync.RWMutex // read while somebody takes the straight way
	detour dialFunc
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// lead returns when nobody is on the straight way any more: whoever comes later takes the detour.
func (r *road) lead(to dialFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.detour = to
}

// shut has everybody wait until open says where to go.
func (r *road) shut() (open func(to dialFunc)) {
	ready := make(chan struct{})
	var there dialFunc
	r.lead(func(ctx context.Context, network, address string) (net.Conn, error) {
		select {
		case <-ready:
			return there(ctx, network, address)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	return func(to dialFunc) {
		there = to
		close(ready)
	}
}

func (r *road) back() { r.lead(nil) }

func (r *road) DialContext(ctx context.Context, network, _ string) (net.Conn, error) {
	r.mu.RLock()
	if detour := r.detour; detour != nil {
		r.mu.RUnlock()
		return detour(ctx, network, r.addr)
	}
	defer r.mu.RUnlock()
	return (&net.Dialer{}).DialContext(ctx, network, r.addr)
}

// leadTo dials another address than what was asked for.
func leadTo(addr string) dialFunc {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
}

// hostOf is the host and port of a URL without a path.
func hostOf(url string) string {
	_, host, _ := strings.Cut(url, "://")
	return host
}

// socketAnswers play faults of the collector, request by request.
var socketAnswers = []struct {
	id    string
	fault sinktest.Fault
	met   func(error) bool
	size  int
}{
	{id: "net.reset-before-body", fault: sinktest.ResetBeforeBody(), met: broken},
	{id: "net.reset-mid-body", fault: sinktest.ResetMidBody(), met: broken, size: 100_000},
	{id: "net.reset-after-body", fault: sinktest.ResetAfterBody(), met: broken},
	{id: "net.fin-mid-body", fault: sinktest.CloseMidBody(), met: broken, size: 100_000},
	{id: "net.answer-lost", fault: sinktest.AnswerLost(), met: broken},
	{id: "net.silent", fault: sinktest.Stall(), met: late},
	{id: "net.slow-read", fault: sinktest.SlowRead(1, time.Second), met: late, size: 300_000}, // more than the sockets hold
	{id: "net.slow-answer", fault: sinktest.SlowHeader(200, 100*time.Millisecond), met: late},
}

// Over real sockets, where resets are real and buffers hold what nobody reads.
func TestNetworkFaultsOverSockets(t *testing.T) {
	for _, row := range socketAnswers {
		t.Run(row.id, func(t *testing.T) {
			t.Parallel()
			c := sinktest.Start(t, sinktest.Config{})
			trouble{
				id: row.id, met: row.met, size: row.size,
				cfg:   sink.HTTPConfig{DialContext: smallBuffers(c.DialContext)},
				begin: func() { c.Set(row.fault) },
				end:   c.Heal,
			}.play(t, c)
		})
	}
	t.Run("net.refused", func(t *testing.T) {
		t.Parallel()
		c := sinktest.Start(t, sinktest.Config{})
		trouble{id: "net.refused", met: refused, begin: c.Down, end: c.Up}.play(t, c)
	})
	t.Run("net.idle-closed", func(t *testing.T) {
		t.Parallel()
		c := sinktest.Start(t, sinktest.Config{})
		server := httptest.NewUnstartedServer(c)
		server.Config.IdleTimeout = 20 * time.Millisecond // as long as between two bodies
		server.Start()
		defer server.Close()
		trouble{
			id: "net.idle-closed", begin: func() {}, end: func() {},
			cfg: sink.HTTPConfig{Endpoint: server.URL, DialContext: (&net.Dialer{}).DialContext},
		}.play(t, c)
	})
	t.Run("net.half-open", func(t *testing.T) {
		t.Parallel()
		c := sinktest.Start(t, sinktest.Config{})
		way := startRelay(t, hostOf(c.URL()))
		trouble{
			id: "net.half-open", met: late, begin: way.cut, end: func() {},
			cfg: sink.HTTPConfig{Endpoint: "http://" + way.addr(), DialContext: (&net.Dialer{}).DialContext},
		}.play(t, c)
	})
}

// smallBuffers makes a writer notice soon that nobody reads.
func smallBuffers(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return conn, conn.(*net.TCPConn).SetWriteBuffer(8 << 10)
	}
}

// relay forwards connections to an address.
type relay struct {
	listener net.Listener
	to       string
	running  sync.WaitGroup

	mu    sync.Mutex
	dead  *atomic.Bool // of the connections that are made now
	conns []net.Conn
	ended bool
}

func startRelay(t *testing.T, to string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: listener, to: to, dead: new(atomic.Bool)}
	r.running.Go(r.accept)
	t.Cleanup(r.close)
	return r
}

func (r *relay) addr() string { return r.listener.Addr().String() }

// cut makes the connections that there are forward nothing any more, as a router does that has forgotten
// them: neither side is told. New ones are sound.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dead.Store(true)
	r.dead = new(atomic.Bool)
}

func (r *relay) close() {
	_ = r.listener.Close()
	r.mu.Lock()
	r.ended = true
	for _, conn := range r.conns {
		_ = conn.Close()
	}
	r.mu.Unlock()
	r.running.Wait()
}

func (r *relay) accept() {
	for {
		near, err := r.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", r.to)
		if err != nil {
			_ = near.Close()
			continue
		}
		r.mu.Lock()
		dead := r.dead
		r.conns = append(r.conns, near, far)
		if r.ended {
			_, _ = near.Close(), far.Close()
		}
		r.mu.Unlock()
		r.running.Go(func() { forward(far, near, dead) })
		r.running.Go(func() { forward(near, far, dead) })
	}
}

// forward copies until dead, and then reads on, so that the writer notices nothing.
func forward(to, from net.Conn, dead *atomic.Bool) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if dead.Load() {
			if err != nil {
				return
			}
			continue
		}
		if n > 0 {
			_, _ = to.Write(buffer[:n]) // an error comes from the next Read too
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}
