package observability

import (
	"errors"
	"log/slog"
)

// defaultInstance is what Config.Default adds. disabled says why it records nothing; "" if it does.
func defaultInstance(logger *slog.Logger) (i Instance, disabled string, err error) {
	i = Instance{Name: DefaultInstance, ServiceName: DefaultServiceName}
	cloud, err := defaultCloud(logger)
	switch {
	case errors.Is(err, ErrNoToken):
		disabled = err.Error()
		i.Sampling = SampleNever()
		logger.Warn("observability: the default instance records nothing", slog.String("why", disabled))
	case err != nil:
		return i, "", err
	default:
		i.Exporters = []Exporter{cloud}
	}
	if len(i.Exporters) == 0 {
		i.Exporters = []Exporter{new(Memory)} // nothing ever reaches it
	}
	i, err = i.withDefaults()
	return i, disabled, err
}

// ErrNoToken stands in until the cloud exporter is here.
var ErrNoToken = errors.New("no token")

func defaultCloud(*slog.Logger) (Exporter, error) { return nil, ErrNoToken }
