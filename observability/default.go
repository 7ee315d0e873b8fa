package observability

// defaultInstance is what Config.Default adds. Without an access token its exporter is disabled, which that logs.
func defaultInstance(cfg Config) (Instance, error) {
	cloud, err := NewCloudExporter(CloudExporterConfig{Logger: cfg.Logger, Optional: true})
	if err != nil {
		return Instance{}, err
	}
	i := Instance{Name: DefaultInstance, ServiceName: DefaultServiceName, Exporters: []Exporter{cloud}, SensitiveData: &cfg.SensitiveData}
	return i.withDefaults()
}
