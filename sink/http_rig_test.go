package sink_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

func init() {
	log.SetOutput(io.Discard) // net/http complains there of bytes after an answer, which faults send
}

// rig is a pipeline of nothing but an entry and the sink under test.
type rig struct {
	*testing.T
	c      *sinktest.Collector
	p      *pipeline.Pipeline
	h      *sink.HTTPSender
	entry  *pipeline.Entry[*pipeline.Body]
	cancel context.CancelFunc
	done   chan error
	began  time.Time

	mu     sync.Mutex
	states []sink.HTTPState
	lost   []any // what OnLoss was given
}

type entryFeed struct {
	entry *pipeline.Entry[*pipeline.Body]
}

func (f entryFeed) Entry() *pipeline.Entry[*pipeline.Body] { return f.entry }

func (f entryFeed) Feed(_ context.Context, out *pipeline.Outlet[*pipeline.Body]) error {
	return out.Forward(f.entry)
}

// start runs a pipeline that sends to c. Unless cfg says otherwise it is polite: to c's URL over
// the sender's own transport.
func start(t *testing.T, c *sinktest.Collector, cfg sink.HTTPConfig, pcfg pipeline.Config) *rig {
	t.Helper()
	r := &rig{T: t, c: c, done: make(chan error, 1), began: time.Now()}
	if cfg.Endpoint == "" {
		cfg.Endpoint = c.URL() + "/ai/spans/publish"
	}
	if cfg.Transport == nil && cfg.DialContext == nil {
		cfg.DialContext = c.DialContext
	}
	onState := cfg.OnState
	cfg.OnState = func(s sink.HTTPState) {
		r.mu.Lock()
		r.states = append(r.states, s)
		r.mu.Unlock()
		if onState != nil {
			onState(s)
		}
	}
	r.h = sink.NewHTTP(cfg)
	pcfg.OnLoss = func(_, _ string, item any) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.lost = append(r.lost, item)
	}
	r.p = pipeline.New(pcfg)
	r.entry = pipeline.NewEntry[*pipeline.Body](pipeline.EntryConfig{Queue: 1000})
	pipeline.To(pipeline.From(r.p, entryFeed{r.entry}), r.h.Sink())
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() { r.done <- r.p.Run(ctx) }()
	return r
}

func (r *rig) push(bodies ...*pipeline.Body) {
	r.Helper()
	for _, b := range bodies {
		if err := r.entry.Push(r.Context(), b); err != nil {
			r.Fatal(err)
		}
	}
}

// stop ends the run, drains and returns what Run does.
func (r *rig) stop() error {
	r.cancel()
	return <-r.done
}

func (r *rig) modes() (modes []sink.HTTPMode) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.states {
		modes = append(modes, s.Mode)
	}
	return modes
}

// since is the time since the rig was started, in the bubble's clock exact.
func (r *rig) since(t time.Time) time.Duration { return t.Sub(r.began) }

// check compares the account at rest with what is wanted, and holds the law.
func (r *rig) check(want pipeline.Ledger) {
	r.Helper()
	got := r.p.Ledger()
	if got != want {
		r.Errorf("ledger:\n got %+v\nwant %+v\n%v", got, want, r.p.Stats().Losses)
	}
	if got.Balance() != 0 || got.InFlight != 0 {
		r.Errorf("balance %d, in flight %d", got.Balance(), got.InFlight)
	}
	for _, l := range r.p.Stats().Losses {
		if l.Reason == pipeline.ReasonUndeclared {
			r.Errorf("undeclared: %v", l)
		}
	}
	if stats := r.h.Stats(); stats.Busy != 0 || stats.Waiting != 0 {
		r.Errorf("after the run: %+v", stats)
	}
}

// reason returns how many items were lost for reason.
func (r *rig) reason(reason string) (items int64) {
	for _, l := range r.p.Stats().Losses {
		if l.Reason == reason {
			items += l.Items
		}
	}
	return items
}

// bubble runs test in a bubble of fake time, with a collector in memory.
func bubble(t *testing.T, test func(t *testing.T, c *sinktest.Collector)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, sinktest.StartPipe(t, sinktest.Config{})) })
}

// spans is a plain body of the spans first to last, each of about size bytes, charged with its
// length.
func spans(first, last, size int) *pipeline.Body {
	var ids []int
	for i := first; i <= last; i++ {
		ids = append(ids, i)
	}
	return spansOf(ids, size)
}

// spansOf is spans with these ids.
func spansOf(ids []int, size int) *pipeline.Body {
	var data bytes.Buffer
	body := &pipeline.Body{ContentType: "application/json"}
	data.WriteString(`{"spans":[`)
	for i, id := range ids {
		if i > 0 {
			data.WriteByte(',')
		}
		from := data.Len()
		fmt.Fprintf(&data, `{"traceId":"t","spanId":"%d","name":"%s"}`, id, strings.Repeat("x", size))
		body.Parts = append(body.Parts, pipeline.Part{From: from, To: data.Len()})
	}
	data.WriteString(`]}`)
	body.Plain = data.Bytes()
	body.Data = body.Plain
	body.Charged = len(body.Plain)
	return body
}

// span is a small body of one span.
func span(n int) *pipeline.Body { return spans(n, n, 10) }

// compressed is body with its data gzipped.
func compressed(body *pipeline.Body) *pipeline.Body {
	data, err := gzipped("gzip", body.Plain)
	if err != nil {
		panic(err)
	}
	body.Data, body.ContentEncoding = data, "gzip"
	return body
}

func gzipped(_ string, plain []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(plain)
	err = errors.Join(err, w.Close())
	return b.Bytes(), err
}

// checkOnce holds that the collector has the spans 1 to n, each once, and that a batch that came
// again came under the key that it had.
func checkOnce(t *testing.T, c *sinktest.Collector, n int) {
	t.Helper()
	seen := map[string]int{}
	for _, r := range c.Records() {
		seen[r.SpanID]++
	}
	for i := 1; i <= n; i++ {
		if got := seen[fmt.Sprint(i)]; got != 1 {
			t.Errorf("span %d is stored %d times", i, got)
		}
	}
	if len(seen) != n {
		t.Errorf("%d spans stored, want %d", len(seen), n)
	}
	if err := c.Ledger().Check(); err != nil {
		t.Error(err)
	}
}

// ended is a context that has ended.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()
