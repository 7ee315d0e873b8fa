package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRun(t *testing.T) {
	for _, c := range []struct {
		name string
		time time.Duration
		cfg  Config
	}{
		{"gently", 300 * time.Millisecond, Config{Rate: 2000, Producers: 4}},
		{"as fast as possible", 300 * time.Millisecond, Config{Producers: 2}},
		{"with one producer that has no time", 0, Config{Rate: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			collector := sinktest.Start(t, sinktest.Config{IDsOnly: true, MaxRequests: -1})
			var shown bytes.Buffer
			c.cfg.Progress = &shown
			result, err := Run(lasting(t, c.time), to(collector, c.cfg))
			if err != nil {
				t.Errorf("Run: %v", err)
			}
			if result.Balance() != 0 || result.InFlight != 0 || result.Lost() != 0 {
				t.Errorf("ledger %+v", result.Ledger)
			}
			if got := collector.Ledger(); int64(got.Stored) != result.Delivered {
				t.Errorf("delivered %d, the collector has %+v", result.Delivered, got)
			}
			if !strings.Contains(shown.String(), "every span is accounted for") {
				t.Errorf("shown:\n%s", shown.String())
			}
		})
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	collector := sinktest.Start(t, sinktest.Config{IDsOnly: true})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	var result Result
	var err error
	go func() {
		defer close(ended)
		result, err = Run(ctx, to(collector, Config{Rate: 5000, Producers: 3}))
	}()
	if err := collector.WaitFor(t.Context(), 500); err != nil {
		t.Fatal(err)
	}
	cancel()
	<-ended
	if err != nil || result.Delivered < 500 {
		t.Errorf("delivered %d, error %v", result.Delivered, err)
	}
}

func TestWhatIsLostIsAnError(t *testing.T) {
	collector := sinktest.Start(t, sinktest.Config{IDsOnly: true})
	collector.Set(sinktest.Stall())
	result, err := Run(lasting(t, 100*time.Millisecond), to(collector, Config{Rate: 2000, DrainTimeout: 100 * time.Millisecond}))
	var loss *pipeline.LossError
	if !errors.As(err, &loss) {
		t.Errorf("Run: %v, want a *LossError", err)
	}
	if result.Balance() != 0 || result.Abandoned == 0 || result.Accepted != result.Abandoned+result.Filtered {
		t.Errorf("ledger %+v", result.Ledger)
	}
}

func TestACollectorThatMissesASpanIsAnError(t *testing.T) {
	collector := sinktest.Start(t, sinktest.Config{IDsOnly: true})
	cfg := to(collector, Config{Rate: 2000})
	cfg.Stored = func() (Stored, error) { return Stored{Stored: collector.Len() - 1, Repeated: 1}, nil }
	result, err := Run(lasting(t, 100*time.Millisecond), cfg)
	if err == nil || !strings.Contains(err.Error(), "the collector stored") {
		t.Errorf("Run: %v", err)
	}
	if result.Accepted == 0 {
		t.Error("the error has cost the result")
	}
}

func TestTheJSONOfAResult(t *testing.T) {
	collector := sinktest.Start(t, sinktest.Config{IDsOnly: true})
	result, err := Run(lasting(t, 100*time.Millisecond), to(collector, Config{Rate: 2000}))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(text, &keys); err != nil {
		t.Fatal(err)
	}
	want := []string{"abandoned", "accepted", "delivered", "dropped", "failed", "filtered", "in_flight", "made", "refused", "spooled", "stages"}
	if got := slices.Sorted(maps.Keys(keys)); !slices.Equal(got, want) {
		t.Errorf("keys %q, want %q", got, want)
	}
	var names []string
	for _, s := range result.Stages {
		names = append(names, s.Name)
	}
	if want := []string{"emitter", "filter", "batch", "encode", "compress", "http"}; !slices.Equal(names, want) {
		t.Errorf("stages %q, want %q", names, want)
	}
}

func TestAWrongConfigNamesItsField(t *testing.T) {
	for field, cfg := range map[string]Config{
		"Endpoint":     {},
		"Rate":         {Endpoint: "http://127.0.0.1:1", Rate: -1},
		"Producers":    {Endpoint: "http://127.0.0.1:1", Producers: -1},
		"DrainTimeout": {Endpoint: "http://127.0.0.1:1", DrainTimeout: -1},
	} {
		if _, err := Run(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "Config."+field) {
			t.Errorf("%+v: %v, want an error that names %s", cfg, err, field)
		}
	}
}

func TestAuditFindsWhatDoesNotAddUp(t *testing.T) {
	sound := pipeline.Stats{
		Ledger: pipeline.Ledger{Accepted: 10, Delivered: 8, Filtered: 2},
		Stages: []pipeline.StageStats{{Name: "emitter", In: 10, Out: 10}, {Name: "filter", In: 10, Out: 8, Filtered: 2}, {Name: "http", In: 8, Delivered: 8}},
	}
	stored := func(n int) func() (Stored, error) { return func() (Stored, error) { return Stored{Stored: n}, nil } }
	of := func(spans int64) emitted { return emitted{spans: spans} }
	late := func(n int) func() (Stored, error) {
		return func() (Stored, error) { return Stored{Stored: 8 - n, Repeated: n}, nil }
	}
	for _, c := range []struct {
		name   string
		stats  pipeline.Stats
		made   emitted
		stored func() (Stored, error)
		want   string // in the error; "" for none
	}{
		{"all is well", sound, of(10), stored(8), ""},
		{"nobody knows what is stored", sound, of(10), nil, ""},
		{"a span is in no column", pipeline.Stats{Ledger: pipeline.Ledger{Accepted: 10, Delivered: 9}}, of(10), stored(9), "does not add up"},
		{"a span is still in flight", pipeline.Stats{Ledger: pipeline.Ledger{Accepted: 10, Delivered: 9, InFlight: 1}}, of(10), stored(9), "does not add up"},
		{"a stage lost one", pipeline.Stats{Ledger: sound.Ledger, Stages: []pipeline.StageStats{{Name: "filter", In: 10, Out: 7, Filtered: 2}}}, of(10), stored(8), "stage filter"},
		{"a span was emitted and not counted", sound, of(11), stored(8), "emitted 11"},
		{"a loss was passed over in silence", pipeline.Stats{Ledger: pipeline.Ledger{Accepted: 10, Delivered: 8, Failed: 2}}, of(10), stored(8), "2 spans are lost"},
		{"two beginnings came behind their ends", sound, emitted{spans: 10, begun: 2}, late(2), ""},
		{"more repeats than that explains", sound, emitted{spans: 10, begun: 1}, late(2), "stored 6"},
		{"what is missing is no repeat", sound, emitted{spans: 10, begun: 2}, stored(7), "stored 7"},
		{"the collector has one more", sound, of(10), stored(9), "stored 9"},
		{"the collector's own account is wrong", sound, of(10), func() (Stored, error) { return Stored{Stored: 8}, io.ErrUnexpectedEOF }, io.ErrUnexpectedEOF.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := audit(Config{Stored: c.stored}, c.stats, c.made, nil)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestTheVerdictSaysWhatWasStored(t *testing.T) {
	l, asked := pipeline.Ledger{Accepted: 10, Delivered: 8, Filtered: 2}, Config{Stored: func() (Stored, error) { return Stored{}, nil }}
	for _, c := range []struct {
		cfg    Config
		stored Stored
		want   string
	}{
		{Config{}, Stored{}, "every span is accounted for: the endpoint took 8\n"},
		{asked, Stored{Stored: 8}, "every span is accounted for: 8 delivered, 8 stored by the server\n"},
		{asked, Stored{Stored: 6, Repeated: 2}, "every span is accounted for: 8 delivered, 6 stored by the server, 2 of spans whose end it had stored before\n"},
	} {
		if got := verdict(c.cfg, l, c.stored); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// lasting returns a context that ends after d.
func lasting(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// to returns cfg with a collector as its endpoint.
func to(c *sinktest.Collector, cfg Config) Config {
	cfg.Endpoint = c.URL() + "/ai/spans/publish"
	cfg.Stored = func() (Stored, error) {
		l := c.Ledger()
		return Stored{Stored: l.Stored}, l.Check()
	}
	return cfg
}
