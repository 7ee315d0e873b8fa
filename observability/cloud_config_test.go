package observability_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
)

func TestBadSettingsAreErrorsThatNameThem(t *testing.T) {
	type config = observability.CloudExporterConfig
	for _, c := range []struct {
		cfg  config
		want string
	}{
		{config{MaxBatchSize: -1}, "MaxBatchSize is negative: -1"},
		{config{MaxBatchWait: -time.Second}, "MaxBatchWait is negative: -1s"},
		{config{MaxBatchBytes: -1}, "MaxBatchBytes is negative: -1"},
		{config{MaxBatchBytes: 100}, "MaxBatchBytes of 100 is less than 4096"},
		{config{MaxSpanBytes: -1}, "MaxSpanBytes is negative: -1"},
		{config{MaxSpanBytes: 5 << 20}, "MaxSpanBytes of 5242880 is more than MaxBatchBytes, 3670016"},
		{config{MaxBytes: -1}, "MaxBytes is negative: -1"},
		{config{MaxBytes: 1}, "MaxBatchBytes of 0 is less than 4096"},
		{config{MaxBytes: 1 << 20, MaxBatchBytes: 1 << 20}, "MaxBytes of 1048576 leaves -7340032 beside 2 × Senders × MaxBatchBytes, less than one span of MaxSpanBytes, 1048576"},
		{config{Queue: -1}, "Queue is negative: -1"},
		{config{MaxBatchSize: 101, Queue: 100}, "MaxBatchSize is 101, more than Queue, 100"},
		{config{MaxBatchSize: 2 << 20}, "MaxBatchSize is 2097152, more than Queue, 1048576"},
		{config{Overflow: "spill"}, `Overflow is "spill", not drop-newest, drop-oldest or block`},
		{config{Senders: -1}, "Senders is negative: -1"},
		{config{Senders: 5, MaxSenders: 4}, "Senders is 5, more than MaxSenders, 4"},
		{config{MaxSenders: 257}, "MaxSenders is 257, more than 256"},
		{config{Instance: "pod 7"}, "Instance must be at most 64 signs of ASCII, without space, comma, = and quotes"},
		{config{Instance: strings.Repeat("a", 65)}, "Instance must be at most 64 signs"},
		{config{MaxRetries: -1}, "MaxRetries is negative: -1"},
		{config{Timeout: -1}, "Timeout is negative: -1ns"},
		{config{DrainTimeout: -1}, "DrainTimeout is negative: -1ns"},
		{config{Compression: "brotli"}, `Compression is "brotli", not auto, gzip, zstd or none`},
		{config{Wire: span.NDJSON}, "Wire is NDJSON, neither span.V0 nor span.V1"},
		{config{Transport: http.DefaultTransport, TLS: &tls.Config{MinVersion: tls.VersionTLS13}}, "Transport replaces what DialContext and TLS change"},
	} {
		t.Run(c.want, func(t *testing.T) {
			c.cfg.IgnoreEnv, c.cfg.AccessToken = true, fakeToken
			e, err := observability.NewCloudExporter(c.cfg)
			if e != nil || !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), "CloudExporterConfig."+c.want) {
				t.Errorf("got %v, %v; want an ErrConfig with %q", e, err, c.want)
			}
		})
	}
	faults.Happened(t, "input.config-negative", "each of 11 sizes, numbers and times: an ErrConfig that names it")
	faults.Happened(t, "input.config-batch", "an ErrConfig that names MaxBatchSize and Queue")
}

// Whatever size is chosen, the other defaults fit it.
func TestMaxBytesAloneCanBeSet(t *testing.T) {
	for _, size := range []int{64 << 10, 1 << 20, 8 << 20, 1 << 30} {
		if _, err := target(t, observability.CloudExporterConfig{IgnoreEnv: true, AccessToken: fakeToken, MaxBytes: size}); err != nil {
			t.Errorf("MaxBytes %d: %v", size, err)
		}
	}
	for _, senders := range []int{1, 4, 8} {
		if _, err := target(t, observability.CloudExporterConfig{IgnoreEnv: true, AccessToken: fakeToken, Senders: senders}); err != nil {
			t.Errorf("Senders %d: %v", senders, err)
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	c := sinktest.Start(t, sinktest.Config{})
	cfg := polite(c, observability.CloudExporterConfig{Endpoint: c.URL()}, new(buffer))
	e, err := observability.NewCloudExporter(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var log buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("x", "cfg", cfg, "exporter", e, "pointer", &cfg)
	}
	text := log.String() + fmt.Sprintf("%v %+v %#v %s %q %d %v %+v %#v", cfg, cfg, cfg, cfg, cfg, cfg, e, e, e)
	if strings.Contains(text, "fake-token") {
		t.Errorf("the token is in %s", text)
	}
	if !strings.Contains(text, c.URL()) {
		t.Errorf("nothing says where spans go: %s", text)
	}
	if err := e.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTheStartSaysWhereSpansGo(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		r.stop()
		if got := r.log.lines("INFO", "started", "endpoint=http://127.0.0.1:1/ai/spans/publish", `token="mst_…0000`, "max_bytes=67108864"); len(got) != 1 {
			t.Errorf("log:\n%s", r.log)
		}
	})
	// The level is that of the configuration, and of the logger's handler.
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{LogLevel: slog.LevelWarn})
		r.stop()
		if got := r.log.String(); got != "" {
			t.Errorf("log:\n%s", got)
		}
	})
}

func TestOptionalWithoutATokenIsDisabled(t *testing.T) {
	var log buffer
	e, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		IgnoreEnv: true, Optional: true, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := errors.Join(e.Export(t.Context(), numbered(i)), e.TryExport(numbered(i))); err != nil {
			t.Error(err)
		}
	}
	state, stats := e.State(), e.Stats()
	if state.Mode != observability.CloudDisabled || !errors.Is(state.Err, observability.ErrNoToken) || state.Since.IsZero() {
		t.Errorf("state %+v", state)
	}
	if want := (pipeline.Ledger{Accepted: 6, Filtered: 6}); stats.Ledger != want || stats.Ledger.Balance() != 0 {
		t.Errorf("ledger %+v, want %+v", stats.Ledger, want)
	}
	e.Wake()
	if err := e.Verify(t.Context()); !errors.Is(err, observability.ErrNoToken) {
		t.Errorf("Verify: %v", err)
	}
	if err := errors.Join(e.Flush(t.Context()), e.Shutdown(t.Context()), e.Shutdown(t.Context())); err != nil {
		t.Error(err)
	}
	if err := e.Export(t.Context(), numbered(0)); !errors.Is(err, pipeline.ErrClosed) {
		t.Errorf("Export after Shutdown: %v", err)
	}
	if got := log.lines("WARN", "disabled", "MASTRA_CLOUD_ACCESS_TOKEN"); len(got) != 1 || len(log.lines("level")) != 1 {
		t.Errorf("log:\n%s", log.String())
	}
	_ = fmt.Sprint(e)

	// A bad setting is an error all the same.
	if _, err := observability.NewCloudExporter(observability.CloudExporterConfig{IgnoreEnv: true, Optional: true, Queue: -1}); !errors.Is(err, pipeline.ErrConfig) {
		t.Errorf("a bad setting: %v", err)
	}
}
