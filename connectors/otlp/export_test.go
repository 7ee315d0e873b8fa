package otlp_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
)

// exporterTo makes an exporter to a collector in memory.
func exporterTo(t *testing.T, c *sinktest.Collector, cfg otlp.ExporterConfig) *otlp.Exporter {
	t.Helper()
	if cfg.Endpoint == "" && cfg.Sink.Endpoint == "" {
		cfg.Endpoint = c.URL()
	}
	cfg.Sink.DialContext = c.DialContext
	e, err := otlp.NewExporter(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (c *collector) arrived() []otlp.Item {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.items)
}

func exportAll(t *testing.T, e *otlp.Exporter, list ...*span.Span) {
	t.Helper()
	for _, s := range list {
		if err := e.Export(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

// What the exporter was given arrives, in either format, in the batches and under the service that it was told.
func TestTheExporterDeliversWhatItWasGiven(t *testing.T) {
	for _, f := range formats {
		for _, packing := range []string{"", "gzip", "zstd", "none"} {
			synctest.Test(t, func(t *testing.T) {
				c, server := sinktest.StartPipe(t, sinktest.Config{}), &collector{}
				c.Set(sinktest.Handler(server))
				e := exporterTo(t, c, otlp.ExporterConfig{Format: f, Compression: packing, MaxBatchSize: 2, Service: "weather", IgnoreEnv: true})
				exportAll(t, e, three()...)
				if err := e.Flush(t.Context()); err != nil || len(server.arrived()) != 3 {
					t.Errorf("%s %s: Flush: %v, %d spans are there", f, packing, err, len(server.arrived()))
				}
				for _, item := range server.arrived() {
					if item.Service != "weather" {
						t.Errorf("%s: the service is %q", f, item.Service)
					}
				}
				exportAll(t, e, spanOfID("4"))
				if err := e.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
				if got, want := e.Ledger(), (pipeline.Ledger{Accepted: 4, Delivered: 4}); got != want || len(server.arrived()) != 4 || e.Stats().Ledger != want {
					t.Errorf("%s %s: %+v, %d spans", f, packing, got, len(server.arrived()))
				}
				if err := e.Export(t.Context(), spanOfID("5")); !errors.Is(err, pipeline.ErrClosed) {
					t.Errorf("after Shutdown: %v", err)
				}
				if err := e.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// A batch that is not full goes out when it is as old as that may be.
func TestTheExporterWaitsNoLongerThanItWasTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server := sinktest.StartPipe(t, sinktest.Config{}), &collector{}
		c.Set(sinktest.Handler(server))
		e := exporterTo(t, c, otlp.ExporterConfig{IgnoreEnv: true})
		exportAll(t, e, three()...)
		time.Sleep(5*time.Second - time.Millisecond)
		synctest.Wait()
		early := len(server.arrived())
		time.Sleep(time.Second)
		synctest.Wait()
		if early != 0 || len(server.arrived()) != 3 {
			t.Errorf("%d spans before 5 s, %d after", early, len(server.arrived()))
		}
		if err := e.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// What is lost Shutdown says, to the span.
func TestTheExporterSaysWhatIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := sinktest.StartPipe(t, sinktest.Config{})
		c.Down()
		e := exporterTo(t, c, otlp.ExporterConfig{IgnoreEnv: true, Overflow: "drop-oldest"})
		exportAll(t, e, three()...)
		time.Sleep(10 * time.Second)
		if state := e.State(); state.Mode != sink.Retrying {
			t.Errorf("%+v", state)
		}
		if err := e.Verify(t.Context()); err == nil {
			t.Error("Verify finds nothing wrong")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := e.Shutdown(ctx)
		var lost *pipeline.LossError
		if !errors.As(err, &lost) || e.Ledger() != (pipeline.Ledger{Accepted: 3, Abandoned: 3}) {
			t.Errorf("%v, %+v", err, e.Ledger())
		}
		if again := e.Shutdown(t.Context()); again == nil || again.Error() != err.Error() {
			t.Errorf("the second time: %v", again)
		}
		if err := e.Export(t.Context(), nil); err == nil {
			t.Error("a nil span is taken")
		}
	})
}

// The variables of OpenTelemetry: those of traces before those of all signals, and what is set in code before both.
func TestTheExporterReadsTheVariablesOfOpenTelemetry(t *testing.T) {
	type seen struct{ url, key, other, encoding, contentType, service string }
	for _, tt := range []struct {
		name string
		env  map[string]string
		cfg  otlp.ExporterConfig
		want seen
	}{
		{"a base URL", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9/base"}, otlp.ExporterConfig{},
			seen{"127.0.0.1:9/base/v1/traces", "", "", "gzip", "application/x-protobuf", ""}},
		{"all of them", map[string]string{
			"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9/base", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9/whole",
			"OTEL_EXPORTER_OTLP_HEADERS": "X-Key=fake%20key, X-Other = b,", "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
			"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "zstd", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_SERVICE_NAME": "weather",
			"OTEL_EXPORTER_OTLP_TIMEOUT": "2000",
		}, otlp.ExporterConfig{}, seen{"127.0.0.1:9/whole", "fake key", "b", "zstd", "application/json", "weather"}},
		{"code goes first", map[string]string{
			"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9/whole", "OTEL_EXPORTER_OTLP_HEADERS": "x-key=variable,x-other=variable",
			"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_SERVICE_NAME": "weather",
		}, otlp.ExporterConfig{
			Endpoint: "http://127.0.0.1:8", Compression: "none", Service: "mine", Sink: sink.HTTPConfig{Header: http.Header{"X-Key": {"code"}}},
		}, seen{"127.0.0.1:8/v1/traces", "code", "variable", "", "application/x-protobuf", "mine"}},
		{"none is read", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9/base", "OTEL_EXPORTER_OTLP_HEADERS": "x-key=variable"},
			otlp.ExporterConfig{IgnoreEnv: true}, seen{"localhost:4318/v1/traces", "", "", "gzip", "application/x-protobuf", ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clearEnv(t)
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			synctest.Test(t, func(t *testing.T) {
				c, server := sinktest.StartPipe(t, sinktest.Config{}), &collector{}
				var got seen
				c.Set(sinktest.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					got = seen{r.Host + r.URL.Path, r.Header.Get("X-Key"), r.Header.Get("X-Other"), r.Header.Get("Content-Encoding"), r.Header.Get("Content-Type"), ""}
					server.ServeHTTP(w, r)
				})))
				tt.cfg.Sink.DialContext = c.DialContext
				e, err := otlp.NewExporter(tt.cfg)
				if err != nil {
					t.Fatal(err)
				}
				exportAll(t, e, spanOfID("1"))
				if err := e.Shutdown(t.Context()); err != nil || len(server.arrived()) != 1 {
					t.Fatalf("%v, %d spans", err, len(server.arrived()))
				}
				if got.service = server.arrived()[0].Service; got != tt.want {
					t.Errorf("got %+v, want %+v", got, tt.want)
				}
			})
		})
	}
}

func clearEnv(t *testing.T) {
	t.Helper()
	for _, name := range []string{"ENDPOINT", "HEADERS", "COMPRESSION", "TIMEOUT", "PROTOCOL"} {
		t.Setenv("OTEL_EXPORTER_OTLP_"+name, "")
		t.Setenv("OTEL_EXPORTER_OTLP_TRACES_"+name, "")
	}
	t.Setenv("OTEL_SERVICE_NAME", "")
}

// A setting that makes no sense is an error that names it, and shows nothing of a header.
func TestTheExporterNamesWhatIsWrong(t *testing.T) {
	for want, env := range map[string][2]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT is no URL":       {"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"},
		"OTEL_EXPORTER_OTLP_TRACES_HEADERS is not of": {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "fake-secret"},
		"OTEL_EXPORTER_OTLP_HEADERS is not of":        {"OTEL_EXPORTER_OTLP_HEADERS", "x-key=fake-secret%zz"},
		`OTEL_EXPORTER_OTLP_TIMEOUT is "soon"`:        {"OTEL_EXPORTER_OTLP_TIMEOUT", "soon"},
		`OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"`:       {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
		`ExporterConfig.Compression is "snappy"`:      {"OTEL_EXPORTER_OTLP_COMPRESSION", "snappy"},
	} {
		t.Run(env[0], func(t *testing.T) {
			clearEnv(t)
			t.Setenv(env[0], env[1])
			_, err := otlp.NewExporter(otlp.ExporterConfig{})
			if !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "fake-secret") {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
	for want, cfg := range map[string]otlp.ExporterConfig{
		"ExporterConfig.MaxBatchSize is negative":  {MaxBatchSize: -1},
		"ExporterConfig.MaxBatchBytes is negative": {MaxBatchBytes: -1},
		"ExporterConfig.Queue is negative":         {Queue: -1},
		"ExporterConfig.MaxBytes is negative":      {MaxBytes: -1},
		"ExporterConfig.MaxBytes is 1048576":       {MaxBytes: 1 << 20},
		"ExporterConfig.MaxBatchWait is negative":  {MaxBatchWait: -1},
		"ExporterConfig.DrainTimeout is negative":  {DrainTimeout: -1},
		"ExporterConfig.Format is 7":               {Format: 7},
		`ExporterConfig.Overflow is "wait"`:        {Overflow: "wait"},
		"Endpoint":                                 {Endpoint: "ftp://127.0.0.1"},
	} {
		cfg.IgnoreEnv = true
		if _, err := otlp.NewExporter(cfg); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
