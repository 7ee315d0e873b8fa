package observability

import "log/slog"

// defaultInstance is what Config.Default adds. Without an access token its exporter is disabled, which that logs.
func defaultInstance(logger *slog.Logger) (Instance, error) {
	cloud, err := NewCloudExporter(CloudExporterConfig{Logger: logger, Optional: true})
	if err != nil {
		return Instance{}, err
	}
	i := Instance{Name: DefaultInstance, ServiceName: DefaultServiceName, Exporters: []Exporter{cloud}}
	return i.withDefaults()
}
