package toxic

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
)

// fakeToken is no token of anybody's.
const fakeToken = "mst_fake-token-of-a-test-0000"

// row is what a proxy does to all that passes it, for a while.
type row struct {
	id     string
	toxics []string // as Toxiproxy's API has them; none: it is down
	mild   bool     // requests still get through
}

var rows = []row{
	{id: "net.latency", mild: true, toxics: []string{
		`{"type":"latency","stream":"upstream","attributes":{"latency":100,"jitter":50}}`,
		`{"type":"latency","stream":"downstream","attributes":{"latency":100,"jitter":50}}`,
	}},
	{id: "net.slices", mild: true, toxics: []string{
		`{"type":"slicer","stream":"upstream","attributes":{"average_size":64,"size_variation":32,"delay":100}}`,
		`{"type":"slicer","stream":"downstream","attributes":{"average_size":8,"size_variation":4,"delay":100}}`,
	}},
	{id: "net.bandwidth", toxics: []string{`{"type":"bandwidth","stream":"upstream","attributes":{"rate":1}}`}},
	{id: "net.reset-peer", toxics: []string{`{"type":"reset_peer","stream":"downstream","attributes":{"timeout":0}}`}},
	{id: "net.reset-peer-late", toxics: []string{`{"type":"reset_peer","stream":"upstream","attributes":{"timeout":100}}`}},
	{id: "net.swallowed", toxics: []string{`{"type":"timeout","stream":"upstream","attributes":{"timeout":0}}`}},
	{id: "net.swallowed-closed", toxics: []string{`{"type":"timeout","stream":"downstream","attributes":{"timeout":100}}`}},
	{id: "net.slow-close", mild: true, toxics: []string{`{"type":"slow_close","stream":"downstream","attributes":{"delay":300}}`}},
	{id: "net.limit-data", toxics: []string{`{"type":"limit_data","stream":"upstream","attributes":{"bytes":500}}`}},
	{id: "net.limit-answer", toxics: []string{`{"type":"limit_data","stream":"downstream","attributes":{"bytes":10}}`}},
	{id: "net.proxy-down"},
}

// faultTime is how long a fault lasts.
func faultTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("TAILRACE_FAULT_SECONDS")
	if text == "" {
		return 500 * time.Millisecond
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatalf("TAILRACE_FAULT_SECONDS: %v", err)
	}
	return time.Duration(seconds * float64(time.Second))
}

// The exporter sends before, during and after each fault; then every span is stored, once, and the account
// is exact.
func TestExporterBehindToxiproxy(t *testing.T) {
	for _, r := range rows {
		t.Run(r.id, func(t *testing.T) {
			t.Parallel()
			r.play(t)
		})
	}
}

func (r row) play(t *testing.T) {
	const (
		timeout = 500 * time.Millisecond
		probing = 1500 * time.Millisecond // the longest time between two questions whether it is over
	)
	c := sinktest.Start(t, sinktest.Config{Token: fakeToken})
	way := startWay(t, strings.TrimPrefix(c.URL(), "http://"))
	e, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		AccessToken: fakeToken, IgnoreEnv: true, TracesEndpoint: "http://" + way.addr,
		MaxBatchWait: 20 * time.Millisecond, Timeout: timeout,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	export := func() {
		if err := e.Export(t.Context(), numbered(sent)); err != nil {
			t.Fatal(err)
		}
		sent++
	}
	delivered := func() int64 { return e.Stats().Ledger.Delivered }
	for range 10 {
		export()
	}
	if !eventually(func() bool { return delivered() == 10 }) {
		t.Fatalf("not well before the fault: %+v", e.Stats())
	}

	way.poison(t, r.toxics)
	began := time.Now()
	met := r.mild
	for time.Since(began) < faultTime(t) || !met && time.Since(began) < 20*time.Second {
		if sent < 20_000 { // all of them find room
			export()
		}
		time.Sleep(20 * time.Millisecond)
		met = met || e.State().Mode == observability.CloudRetrying
	}
	if !met {
		t.Errorf("the fault was not met: %+v", e.State())
	}
	way.heal(t)
	healed, already := time.Now(), delivered()
	export()
	if !eventually(func() bool { return delivered() > already }) {
		t.Errorf("nothing is delivered after the fault: %+v", e.State())
	}
	took := time.Since(healed)
	t.Logf("the first success came %v after the fault", took.Round(time.Millisecond))
	if took > 10*(probing+timeout) {
		t.Errorf("the first success came %v after the fault, ten times the longest pause and a request are %v", took, 10*(probing+timeout))
	}
	for range 10 {
		export()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := e.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}

	ledger := e.Stats().Ledger
	if want := (pipeline.Ledger{Accepted: int64(sent), Delivered: int64(sent)}); ledger != want {
		t.Errorf("ledger %+v\nwant   %+v\n%v", ledger, want, e.Stats().Losses)
	}
	seen := map[string]int{}
	for _, record := range c.Records() {
		seen[record.SpanID]++
	}
	for i := range sent {
		if n := seen[string(idOf(i))]; n != 1 {
			t.Errorf("span %d is stored %d times", i, n)
		}
	}
	if len(seen) != sent {
		t.Errorf("%d spans are stored, want %d", len(seen), sent)
	}
	if err := c.Ledger().Check(); err != nil {
		t.Error(err)
	}
	switch {
	case t.Failed():
	case r.mild:
		faults.Happened(t, r.id, "nothing lost, each span stored once")
	default:
		faults.Happened(t, r.id, "retried; nothing lost, each span stored once")
	}
}

// way is a Toxiproxy between an address of its own and the collector's.
type way struct {
	server   *toxiproxy.ApiServer
	proxy    *toxiproxy.Proxy
	addr, to string
}

func startWay(t *testing.T, to string) *way {
	t.Helper()
	w := &way{server: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), addr: "127.0.0.1:0", to: to}
	w.start(t)
	t.Cleanup(func() { w.proxy.Stop() })
	return w
}

// start makes a proxy without toxics, at the address of the last one.
func (w *way) start(t *testing.T) {
	t.Helper()
	w.proxy = toxiproxy.NewProxy(w.server, "way", w.addr, w.to)
	if err := w.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	w.addr = w.proxy.Listen
}

// poison adds toxics to the connections that there are and to those to come; without any it stops the proxy.
func (w *way) poison(t *testing.T, toxics []string) {
	t.Helper()
	if len(toxics) == 0 {
		w.proxy.Stop()
		return
	}
	for _, toxic := range toxics {
		if _, err := w.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			t.Fatal(err)
		}
	}
}

// heal puts a new proxy in the place of the old one: to take toxics from a connection that ends at this
// moment can block Toxiproxy for good.
func (w *way) heal(t *testing.T) {
	t.Helper()
	w.proxy.Stop()
	w.start(t)
}

func eventually(cond func() bool) bool {
	for end := time.Now().Add(30 * time.Second); !cond(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

func idOf(i int) span.ID { return span.ID(fmt.Sprintf("%016x", i+1)) }

// numbered makes a frozen span of 1 KB or so that does not compress to nothing.
func numbered(i int) *span.Span {
	s := &span.Span{
		TraceID: "0af7651916cd43dd8448eb211c80319c", ID: idOf(i), ParentID: "00f067aa0ba902b7",
		Name: "search", Type: span.TypeToolCall,
		Start: time.Unix(1_763_000_000, 0), End: time.Unix(1_763_000_001, 0),
		Input: span.Value(strconv.Quote(noise(i))),
	}
	s.Freeze()
	return s
}

// noise is text that hardly compresses.
func noise(i int) string {
	rng := rand.New(rand.NewPCG(uint64(i), 0))
	raw := make([]byte, 500)
	for j := range raw {
		raw[j] = byte(rng.Uint32())
	}
	return hex.EncodeToString(raw)
}
