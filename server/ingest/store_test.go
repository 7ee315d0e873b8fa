package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/server/ingest"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/memory"
	"github.com/tailrace-go/tailrace/span"
)

// moody is a store that can be told to answer otherwise.
type moody struct {
	store.Store
	err   atomic.Pointer[error]
	stall atomic.Pointer[chan struct{}] // Append waits for it, or for its context
	deaf  atomic.Bool                   // not for its context
	calls atomic.Int64
	mu    sync.Mutex
	last  *store.Batch
}

func newMoody() *moody { return &moody{Store: memory.New(memory.Config{})} }

func (m *moody) fail(err error) {
	if err == nil {
		m.err.Store(nil)
		return
	}
	m.err.Store(&err)
}

func (m *moody) mood() error {
	if err := m.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (m *moody) Ready(ctx context.Context) error {
	if err := m.mood(); err != nil {
		return err
	}
	return m.Store.Ready(ctx)
}

func (m *moody) Append(ctx context.Context, project string, b *store.Batch) (store.Result, error) {
	m.calls.Add(1)
	if c := m.stall.Load(); c != nil {
		done := ctx.Done()
		if m.deaf.Load() {
			done = nil
		}
		select {
		case <-*c:
		case <-done:
			return store.Result{}, ctx.Err()
		}
	}
	if err := m.mood(); err != nil {
		return store.Result{}, err
	}
	m.mu.Lock()
	m.last = b
	m.mu.Unlock()
	return m.Store.Append(ctx, project, b)
}

func TestWhatAStoreSays(t *testing.T) {
	m := newMoody()
	g := newRig(t, ingest.Config{Store: m})
	for _, c := range []struct {
		err    error
		status int
		code   string
		retry  string
	}{
		{store.ErrBusy, 503, "busy", "1"},
		{fmt.Errorf("wrapped: %w", store.ErrFull), 503, "full", "1"},
		{store.ErrQuota, 507, "disk_quota", ""},
		{store.ErrClosed, 503, "stopping", "1"},
		{errors.New("the secret token is trt_fake"), 503, "unavailable", "1"},
	} {
		m.fail(c.err)
		for name, b := range map[string][]byte{"spans": spans(3, 0), "a probe": []byte(`{"spans":[]}`)} {
			a := g.send("/ai/spans/publish", b)
			if a.status != c.status || !strings.Contains(string(a.body), `"code":"`+c.code+`"`) || a.header.Get("Retry-After") != c.retry || bytes.Contains(a.body, []byte("trt_")) {
				t.Errorf("%v: %s: %d %v %s", c.err, name, a.status, a.header, a.body)
			}
		}
	}
	m.fail(nil)
	if r := g.taken(spans(3, 0)); r.Stored != 3 {
		t.Errorf("afterwards: %+v", r)
	}
	if a := g.server.Stats().Signals[ingest.Spans]; a.Returned != 15 || a.Received != 3 {
		t.Errorf("account %+v", a)
	}
}

// A store that stalls makes for 503s: at once when there is no room, else when the time of a commit is over.
func TestAStoreThatStalls(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		m := newMoody()
		m.deaf.Store(deaf)
		gate := make(chan struct{})
		m.stall.Store(&gate)
		g := newRig(t, ingest.Config{Store: m, Timeout: 50 * time.Millisecond, MaxWait: 10 * time.Millisecond, MaxBytes: 8 << 10, RetryAfter: 3 * time.Second})
		var senders sync.WaitGroup
		for i := range 30 {
			senders.Go(func() {
				a, err := g.trySend("/ai/spans/publish", spans(5, i))
				if err != nil || a.status != 503 || a.header.Get("Retry-After") != "3" || !strings.Contains(string(a.body), `"code":"busy"`) {
					t.Errorf("deaf: %v: %v %d %s", deaf, err, a.status, a.body)
				}
			})
		}
		senders.Wait()
		m.stall.Store(nil)
		close(gate)
		eventually(t, "it recovers", func() bool { return g.send("/ai/spans/publish", spans(5, 99)).status == 200 })
	}
}

func TestKeysAndSums(t *testing.T) {
	m := newMoody()
	g := newRig(t, ingest.Config{Store: m})
	key := header("Idempotency-Key", "batch-1")
	text := spans(3, 0)
	sum := func(b []byte, options ...func(*http.Request)) (string, [32]byte) {
		if a := g.send("/ai/spans/publish", b, append(options, key)...); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.last.Key, m.last.Sum
	}
	k, plain := sum(text)
	_, packed := sum(gzipped(t, bytes.NewReader(text)), header("Content-Encoding", "gzip"))
	_, other := sum(spans(3, 1))
	if k != "batch-1" || plain != packed || plain == other {
		t.Errorf("key %q; gzip and plain are one body: %v; another body is another: %v", k, plain == packed, plain != other)
	}
	if m.last.Label != "support token" {
		t.Errorf("label %q", m.last.Label)
	}
	if a := g.server.Stats().Signals[ingest.Spans]; a.Stored != 6 || a.Repeated != 3 {
		t.Errorf("account %+v", a)
	}
}

// A sender that goes away while its commit takes time is not there for the answer, but its spans are accounted for.
func TestASenderThatGoesAway(t *testing.T) {
	m := newMoody()
	gate := make(chan struct{})
	m.stall.Store(&gate)
	g := newRig(t, ingest.Config{Store: m})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := g.trySend("/ai/spans/publish", spans(3, 0), func(r *http.Request) { *r = *r.WithContext(ctx) })
		done <- err
	}()
	eventually(t, "the store has it", func() bool { return m.calls.Load() == 1 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	eventually(t, "the server knows", func() bool { return g.requests(499) == 1 })
	close(gate)
	eventually(t, "it is stored", func() bool { return g.server.Stats().Signals[ingest.Spans].Stored == 3 })
}

// Whatever is acknowledged when a server stops under load is stored, and nobody is left without an answer.
func TestStopUnderLoad(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			g := newRig(t, ingest.Config{Store: s})
			var acknowledged [8][]int
			var senders sync.WaitGroup
			for i := range acknowledged {
				senders.Go(func() {
					for n := 0; ; n++ {
						trace := i*1_000_000 + n
						switch a, err := g.trySend("/ai/spans/publish", spans(5, trace)); {
						case err == nil && a.status == 200:
							acknowledged[i] = append(acknowledged[i], trace)
						case err == nil && a.status == 503 && strings.Contains(string(a.body), `"code":"stopping"`):
							return
						default:
							t.Errorf("%v %d %s", err, a.status, a.body)
							return
						}
					}
				})
			}
			eventually(t, "there is load", func() bool { return g.requests(200) > 50 })
			if err := g.stop(); err != nil {
				t.Errorf("Run: %v", err)
			}
			senders.Wait()
			for _, traces := range acknowledged {
				for _, trace := range traces {
					for i := range 5 {
						g.full(span.TraceID(fmt.Sprintf("%032x", trace+1)), span.ID(fmt.Sprintf("%016x", i+1)))
					}
				}
			}
		})
	}
}

// A drain that takes too long ends in answers too.
func TestTheDrainHasADeadline(t *testing.T) {
	m := newMoody()
	gate := make(chan struct{})
	defer close(gate)
	m.stall.Store(&gate)
	g := newRig(t, ingest.Config{Store: m, DrainTimeout: 10 * time.Millisecond, Appenders: 1})
	var senders sync.WaitGroup
	for i := range 3 {
		senders.Go(func() {
			if a, err := g.trySend("/ai/spans/publish", spans(5, i)); err != nil || a.status != 503 {
				t.Errorf("%v %d %s", err, a.status, a.body)
			}
		})
	}
	eventually(t, "all have arrived", func() bool { return g.server.Stats().Pipeline.Ledger.Accepted == 3 })
	if err := g.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	senders.Wait()
	if a := g.server.Stats().Signals[ingest.Spans]; a.Returned > 15 || a.Received != 0 {
		t.Errorf("account %+v", a)
	}
}

func TestOurOwnExporter(t *testing.T) {
	for _, wire := range []span.Format{span.V0, span.V1} {
		for _, compression := range []observability.CloudCompression{observability.CompressAuto, observability.CompressGzip, observability.CompressZstd, observability.CompressNone} {
			t.Run(fmt.Sprintf("%v/%s", wire, compression), func(t *testing.T) {
				g := newRig(t, ingest.Config{})
				cfg := observability.CloudExporterConfig{AccessToken: g.tokens["support"], Endpoint: g.http.URL, Wire: wire, IgnoreEnv: true, Compression: compression, MaxBatchSize: 100, Logger: slog.New(slog.DiscardHandler)}
				e, err := observability.NewCloudExporter(cfg)
				if err != nil {
					t.Fatal(err)
				}
				if err := e.Verify(t.Context()); err != nil {
					t.Fatalf("Verify: %v", err)
				}
				const n = 1000
				for i := range n {
					s := &span.Span{TraceID: t1, ID: span.ID(fmt.Sprintf("%016x", i+1)), Name: "step", Type: span.TypeGeneric, Start: time.Now(), End: time.Now()}
					if i > 0 {
						s.ParentID = "0000000000000001"
					}
					if err := e.Export(t.Context(), s); err != nil {
						t.Fatal(err)
					}
				}
				if err := e.Shutdown(t.Context()); err != nil {
					t.Fatal(err)
				}
				if tr := g.traces("support"); len(tr) != 1 || tr[0].Spans != n || tr[0].Status != store.StatusSuccess {
					t.Errorf("traces %+v", tr)
				}
			})
		}
	}
}

func TestConfigNamesTheField(t *testing.T) {
	m := newMoody()
	for field, cfg := range map[string]ingest.Config{
		"Store": {}, "MaxBytes": {Store: m, MaxBytes: -1}, "Timeout": {Store: m, Timeout: -1}, "Limits": {Store: m, Limits: limits(-1)},
	} {
		if _, err := ingest.New(cfg); !errors.Is(err, ingest.ErrConfig) || !strings.Contains(err.Error(), "Config."+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}
