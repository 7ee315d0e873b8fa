package observability_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
)

// exampleSpan is what a tracer makes; see package span for its parts.
func exampleSpan(id span.ID) *span.Span {
	s := &span.Span{
		TraceID: "0af7651916cd43dd8448eb211c80319c", ID: id, Name: "search", Type: span.TypeToolCall,
		Start: time.Now().Add(-time.Second), End: time.Now(), Input: `{"query":"weather"}`,
	}
	s.Freeze() // from now on nobody changes it
	return s
}

// The whole life of an exporter. The token is usually in MASTRA_CLOUD_ACCESS_TOKEN, and the endpoint
// the default one.
func ExampleNewCloudExporter() {
	collector, err := sinktest.Listen(sinktest.Config{Token: "mst_example-token"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer collector.Close()

	exporter, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		AccessToken: "mst_example-token",
		Endpoint:    collector.URL(),
		Logger:      slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	fmt.Println("verify:", exporter.Verify(ctx)) // address, certificate, token and quota are in order

	for _, id := range []span.ID{"00f067aa0ba902b7", "00f067aa0ba902b8"} {
		if err := exporter.Export(ctx, exampleSpan(id)); err != nil { // does not wait
			fmt.Println(err)
		}
	}

	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	fmt.Println("shutdown:", exporter.Shutdown(ctx)) // sends what is left
	fmt.Println(collector.Len(), "spans stored")
	// Output:
	// verify: <nil>
	// shutdown: <nil>
	// 2 spans stored
}

// What was lost is in the error of Shutdown, to the span and with a reason.
func ExampleCloudExporter_Shutdown() {
	collector, err := sinktest.Listen(sinktest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer collector.Close()
	collector.Script(sinktest.Respond(422, "no such project", "Content-Type", "text/plain"))

	var exporter *observability.CloudExporter
	exporter, err = observability.NewCloudExporter(observability.CloudExporterConfig{
		AccessToken:    "mst_example-token",
		TracesEndpoint: collector.URL() + "/projects/shop/ai/spans/publish",
		Logger:         slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(exporter.Export(context.Background(), exampleSpan("00f067aa0ba902b7")))

	var loss *pipeline.LossError
	if errors.As(exporter.Shutdown(context.Background()), &loss) {
		for _, l := range loss.Losses {
			fmt.Println(l)
		}
	}
	fmt.Println(exporter.Export(context.Background(), exampleSpan("00f067aa0ba902b8")))
	// Output:
	// <nil>
	// http: 1 failed: rejected (sink: the endpoint answered 422 Unprocessable Entity: no such project)
	// pipeline: closed
}

// A batch does not have to fill up, nor to get old, to be sent: for a function that is frozen after
// each call. What Flush waits for is what was exported before it.
func ExampleCloudExporter_Flush() {
	collector, err := sinktest.Listen(sinktest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer collector.Close()
	exporter, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		AccessToken: "mst_example-token", Endpoint: collector.URL(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(exporter.TryExport(exampleSpan("00f067aa0ba902b7")))
	fmt.Println(exporter.Flush(context.Background()), collector.Len())
	fmt.Println(exporter.Shutdown(context.Background()))
	// Output:
	// <nil>
	// <nil> 1
	// <nil>
}

// How it goes can be seen at any time. Here the endpoint does not want the token: the spans are kept,
// and sent once there is another one.
func ExampleCloudExporter_Stats() {
	collector, err := sinktest.Listen(sinktest.Config{Token: "mst_new-example-token"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer collector.Close()

	valid := make(chan struct{})
	exporter, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		Endpoint: collector.URL(),
		TokenSource: func(context.Context) (string, error) { // such as from a file or a vault
			select {
			case <-valid:
				return "mst_new-example-token", nil
			default:
				return "mst_old-example-token", nil
			}
		},
		MaxBatchSize: 1,
		Compression:  observability.CompressGzip,
		Overflow:     observability.OverflowDropOldest,
		Logger:       slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(exporter.Export(context.Background(), exampleSpan("00f067aa0ba902b7")))
	var state observability.CloudState
	for state.Mode != observability.CloudPaused {
		time.Sleep(time.Millisecond)
		state = exporter.State()
	}
	fmt.Println(state.Mode, state.Err)

	close(valid)
	exporter.Wake() // else the next question is asked within half a minute
	fmt.Println("flushed:", exporter.Flush(context.Background()) == nil)

	var stats observability.CloudStats = exporter.Stats()
	fmt.Println(stats.State.Mode, stats.Ledger.Delivered, "delivered,", stats.Compression)
	fmt.Println(exporter.Shutdown(context.Background()))
	// Output:
	// <nil>
	// paused sink: the endpoint answered 401 Unauthorized: {"error":"no token, or not the right one"}
	// flushed: true
	// sending 1 delivered, gzip
	// <nil>
}

// With a spool an outage, and the end of the program in it, lose nothing: the next exporter with the
// same directory sends what is there.
func ExampleCloudSpool() {
	collector, err := sinktest.Listen(sinktest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer collector.Close()
	dir, err := os.MkdirTemp("", "spool") // in real life one that stays, of this program alone
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()

	program := func(ids ...span.ID) {
		exporter, err := observability.NewCloudExporter(observability.CloudExporterConfig{
			AccessToken: "mst_example-token",
			Endpoint:    collector.URL(),
			Spool:       observability.CloudSpool{Dir: dir, MaxBytes: 256 << 20, MaxAge: 7 * 24 * time.Hour},
			Logger:      slog.New(slog.NewTextHandler(io.Discard, nil)),
		})
		if err != nil {
			fmt.Println(err) // it names CloudExporterConfig.Spool.Dir, if that is what is wrong
			return
		}
		ctx := context.Background()
		for _, id := range ids {
			if err := exporter.Export(ctx, exampleSpan(id)); err != nil {
				fmt.Println(err)
			}
		}
		fmt.Println("shutdown:", exporter.Shutdown(ctx))
		l := exporter.Stats().Ledger
		fmt.Println(l.Delivered, "delivered,", l.Spooled, "spooled")
	}
	collector.Down()
	program("00f067aa0ba902b7", "00f067aa0ba902b8")
	collector.Up()
	program()
	// Output:
	// shutdown: <nil>
	// 0 delivered, 2 spooled
	// shutdown: <nil>
	// 2 delivered, 0 spooled
}

// Without a token there is no exporter, unless it is optional.
func ExampleErrNoToken() {
	cfg := observability.CloudExporterConfig{IgnoreEnv: true, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	_, err := observability.NewCloudExporter(cfg)
	fmt.Println(errors.Is(err, observability.ErrNoToken))

	cfg.Optional = true
	exporter, err := observability.NewCloudExporter(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	var mode observability.CloudMode = exporter.State().Mode
	fmt.Println(mode, exporter.Export(context.Background(), exampleSpan("00f067aa0ba902b7")))
	fmt.Println(exporter.Stats().Ledger.Filtered, "filtered")
	// Output:
	// true
	// disabled <nil>
	// 1 filtered
}

// The settings of Mastra's JavaScript exporters, in Go. Those that are left out have these values.
func ExampleCloudExporterConfig() {
	cfg := observability.CloudExporterConfig{
		AccessToken:   "mst_example-token-0123456789", // accessToken
		Endpoint:      "https://cloud.example",        // endpoint
		ProjectID:     "shop",                         // projectId
		MaxBatchSize:  1000,                           // maxBatchSize
		MaxBatchWait:  5 * time.Second,                // maxBatchWaitMs
		LogLevel:      slog.LevelInfo,                 // logLevel
		MaxBatchBytes: 3584 << 10,
		MaxBytes:      64 << 20,
		MaxElapsed:    15 * time.Minute,
		Compression:   observability.CloudCompression("auto"),
		Overflow:      observability.CloudOverflow("drop-newest"),
		Wire:          span.V1,
		Logger: slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if !slices.Contains([]string{"msg", "endpoint", "token"}, a.Key) {
				return slog.Attr{}
			}
			return a
		}})),
	}
	fmt.Println(cfg) // shows no token, whatever the verb
	exporter, err := observability.NewCloudExporter(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(exporter.Shutdown(context.Background()))

	cfg.MaxBatchWait = -time.Second
	_, err = observability.NewCloudExporter(cfg)
	fmt.Println(err)
	// Output:
	// observability.CloudExporterConfig{https://cloud.example, a token}
	// msg="cloud exporter: started" endpoint=https://cloud.example/projects/shop/ai/spans/publish token="mst_…6789 (CloudExporterConfig.AccessToken)"
	// msg="cloud exporter: closed"
	// <nil>
	// pipeline: configuration: CloudExporterConfig.MaxBatchWait is negative: -1s
}

// A program that does not handle signals delivers its spans all the same when it is told to end by
// SIGTERM or Ctrl-C.
func ExampleShutdownOnSignal() {
	collector, err := sinktest.Listen(sinktest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer collector.Close()
	exporter, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		AccessToken: "mst_example-token", Endpoint: collector.URL(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var shutdowner observability.Shutdowner = exporter
	stop := observability.ShutdownOnSignal(context.Background(), shutdowner)

	// The work of the program.
	fmt.Println(exporter.Export(context.Background(), exampleSpan("00f067aa0ba902b7")))

	// It ends without a signal.
	stop()
	fmt.Println(exporter.Shutdown(context.Background()), collector.Len())
	// Output:
	// <nil>
	// <nil> 1
}
