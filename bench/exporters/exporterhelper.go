package exporters

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// startExporterhelper hands over each span as a ptrace.Traces of its own, made before: whoever consumes one owns it.
func startExporterhelper(t task) (*rig, error) {
	e, err := newExporterhelper(t)
	if err != nil {
		return nil, err
	}
	ctx, all := context.Background(), make([]ptrace.Traces, t.spans)
	for i := range all {
		all[i] = t.payload.calls[i%len(t.payload.calls)].traces()
	}
	return &rig{
		handOver: func(i int) error { return e.ConsumeTraces(ctx, all[i]) },
		shutdown: e.Shutdown,
	}, nil
}

// newExporterhelper starts the OTLP exporter of OpenTelemetry's Collector, which has its queue, batches and retries from
// exporterhelper.
func newExporterhelper(t task) (exporter.Traces, error) {
	factory := otlphttpexporter.NewFactory()
	cfg, ok := factory.CreateDefaultConfig().(*otlphttpexporter.Config)
	if !ok {
		return nil, fmt.Errorf("the configuration is a %T", factory.CreateDefaultConfig())
	}
	cfg.ClientConfig.Endpoint = "http://" + t.address
	cfg.ClientConfig.Compression = configcompression.Type(t.compression)
	cfg.QueueConfig = someQueue(t)
	e, err := factory.CreateTraces(context.Background(), settingsOf(factory.Type()), cfg)
	if err != nil {
		return nil, err
	}
	return e, e.Start(context.Background(), nopHost)
}

var nopHost = componenttest.NewNopHost()

// someQueue counts in spans, in the queue and in a batch; it would count requests in one of them otherwise.
func someQueue(t task) configoptional.Optional[exporterhelper.QueueBatchConfig] {
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.Sizer = exporterhelper.RequestSizerTypeItems
	queue.QueueSize = int64(t.queue)
	queue.BlockOnOverflow = !t.drop
	batch := exporterhelper.NewDefaultBatchConfig()
	batch.Sizer = exporterhelper.RequestSizerTypeItems
	batch.MinSize, batch.MaxSize = int64(t.batch), int64(t.batch)
	batch.FlushTimeout = flushAfter
	queue.Batch = configoptional.Some(batch)
	return configoptional.Some(queue)
}

func settingsOf(t component.Type) exporter.Settings {
	return exporter.Settings{ID: component.NewID(t), TelemetrySettings: componenttest.NewNopTelemetrySettings()}
}
