package exporters

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/tailrace-go/tailrace/observability"
)

// fakeToken goes to no one but the collector.
const fakeToken = "fake-token-of-a-benchmark"

// startTailrace starts our exporter with its defaults, and the sizes of the job.
func startTailrace(t task) (*rig, error) {
	overflow := observability.OverflowBlock
	if t.drop {
		overflow = observability.OverflowDropNewest
	}
	e, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		IgnoreEnv:      true,
		AccessToken:    fakeToken,
		TracesEndpoint: "http://" + t.address + "/spans/publish",
		MaxBatchSize:   t.batch,
		MaxBatchWait:   flushAfter,
		Queue:          t.queue,
		Overflow:       overflow,
		Compression:    observability.CloudCompression(cmp.Or(t.compression, None)),
		Logger:         slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	ctx, records := context.Background(), t.payload.records
	return &rig{
		handOver: func(i int) error { return e.Export(ctx, records[i%len(records)]) },
		shutdown: e.Shutdown,
	}, nil
}
