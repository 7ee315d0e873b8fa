package observability_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
)

// fakeToken is no token of anybody's.
const fakeToken = "mst_fake-token-of-a-test-0000"

// rig is an exporter that sends to a collector, and what it logged.
type rig struct {
	*testing.T
	*observability.CloudExporter
	c     *sinktest.Collector
	log   *buffer
	began time.Time
}

// start makes an exporter for c. Unless cfg says otherwise it sends to c over a transport of its own,
// logs into a buffer and reads no variable.
func start(t *testing.T, c *sinktest.Collector, cfg observability.CloudExporterConfig) *rig {
	t.Helper()
	r := &rig{T: t, c: c, log: new(buffer), began: time.Now()}
	e, err := observability.NewCloudExporter(polite(c, cfg, r.log))
	if err != nil {
		t.Fatal(err)
	}
	r.CloudExporter = e
	return r
}

func polite(c *sinktest.Collector, cfg observability.CloudExporterConfig, log *buffer) observability.CloudExporterConfig {
	cfg.IgnoreEnv = true
	if cfg.AccessToken == "" && cfg.TokenSource == nil {
		cfg.AccessToken = fakeToken
	}
	if cfg.Endpoint == "" && cfg.TracesEndpoint == "" {
		cfg.TracesEndpoint = c.URL()
	}
	if cfg.Transport == nil && cfg.DialContext == nil {
		cfg.DialContext = c.DialContext
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return cfg
}

// export hands over spans that must be accepted.
func (r *rig) export(spans ...*span.Span) {
	r.Helper()
	for _, s := range spans {
		if err := r.Export(r.Context(), s); err != nil {
			r.Fatal(err)
		}
	}
}

// shutdown drains for at most d and returns the result.
func (r *rig) shutdown(d time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return r.Shutdown(ctx)
}

// stop is shutdown where nothing may be lost.
func (r *rig) stop() {
	r.Helper()
	if err := r.shutdown(time.Hour); err != nil {
		r.Errorf("Shutdown: %v", err)
	}
	r.account(pipeline.Ledger{})
}

// account holds the law at rest, and compares the columns of want that are not 0.
func (r *rig) account(want pipeline.Ledger) {
	r.Helper()
	got := r.Stats().Ledger
	if got.Balance() != 0 || got.InFlight != 0 {
		r.Errorf("the ledger does not add up: balance %d, %+v", got.Balance(), got)
	}
	for _, l := range r.Stats().Losses {
		if l.Reason == pipeline.ReasonUndeclared {
			r.Errorf("undeclared: %v", l)
		}
	}
	if want != (pipeline.Ledger{}) && got != want {
		r.Errorf("ledger %+v\nwant   %+v\n%v", got, want, r.Stats().Losses)
	}
	if err := r.c.Ledger().Check(); err != nil {
		r.Error(err)
	}
}

// reason is how many spans were lost for a reason.
func (r *rig) reason(reason string) (n int64) {
	for _, l := range r.Stats().Losses {
		if l.Reason == reason {
			n += l.Items
		}
	}
	return n
}

// stored holds that the collector has the spans 0 to n-1, each once.
func (r *rig) stored(n int) {
	r.Helper()
	seen := map[string]int{}
	for _, record := range r.c.Records() {
		seen[record.SpanID]++
	}
	for i := range n {
		if got := seen[string(idOf(i))]; got != 1 {
			r.Errorf("span %d is stored %d times", i, got)
		}
	}
	if len(seen) != n {
		r.Errorf("%d spans are stored, want %d", len(seen), n)
	}
}

// bubble runs test under a fake clock, with a collector in memory.
func bubble(t *testing.T, test func(t *testing.T, c *sinktest.Collector)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, sinktest.StartPipe(t, sinktest.Config{Token: fakeToken}))
	})
}

func idOf(i int) span.ID { return span.ID(fmt.Sprintf("%016x", i+1)) }

// numbered makes a small frozen span.
func numbered(i int) *span.Span { return sized(i, 40) }

// sized makes a frozen span whose input has so many bytes.
func sized(i, bytes int) *span.Span {
	s := &span.Span{
		TraceID: "0af7651916cd43dd8448eb211c80319c", ID: idOf(i), ParentID: "00f067aa0ba902b7",
		Name: "search", Type: span.TypeToolCall,
		Start: time.Unix(1_763_000_000, 0), End: time.Unix(1_763_000_001, 0),
		Input: span.Value(`"` + strings.Repeat("x", bytes) + `"`),
	}
	s.Freeze()
	return s
}

// lossOf returns the loss that an error of Shutdown holds.
func lossOf(t *testing.T, err error) *pipeline.LossError {
	t.Helper()
	var loss *pipeline.LossError
	if !errors.As(err, &loss) {
		t.Fatalf("%v holds no *pipeline.LossError", err)
	}
	return loss
}

// buffer collects log lines.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// lines returns the lines that have all of words.
func (b *buffer) lines(words ...string) (found []string) {
	for line := range strings.Lines(b.String()) {
		all := true
		for _, word := range words {
			all = all && strings.Contains(line, word)
		}
		if all {
			found = append(found, line)
		}
	}
	return found
}
