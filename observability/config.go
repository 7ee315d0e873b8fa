package observability

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// DefaultInstance is the name of the instance that [Config.Default] adds.
const DefaultInstance = "default"

// DefaultServiceName is the service name of that instance.
const DefaultServiceName = "mastra"

// Config says what becomes of spans. Its zero value is Config{Default: true}.
type Config struct {
	// Default adds an instance named "default", with the service name "mastra", which records everything and sends it
	// to Mastra Cloud if an access token is found in the environment. If none is, New says so in one warning, and the
	// instance records nothing. Without Instances it is always added.
	Default bool
	// Instances are the ones of your own. The first is used where Selector does not say otherwise, unless there is the
	// default instance.
	Instances []Instance
	// Selector chooses the instance of a trace by its name, when the first span starts. "", or a name that there is
	// not, means the one that is used without a Selector; so does a panic. More than one instance needs it.
	Selector func(ctx context.Context, root Root) string
	// Bridge joins traces with those of another tracing system in this process; nil is none, and costs nothing.
	Bridge Bridge
	// SensitiveData says what is taken out of spans; its zero value is the default filter. The default instance has it,
	// and every instance that does not say its own.
	SensitiveData SensitiveData
	// Logger gets what cannot be returned: spans that are lost, at most one line in ten seconds, and functions of
	// yours that panic. nil means slog.Default(). Nothing of a span's content is ever logged.
	Logger *slog.Logger
}

// SensitiveData is the filter that takes secrets out of spans, behind the processors of an instance and before anything
// is queued for an exporter, on disk or sent. It is on unless Off says otherwise; Fields adds to the default list.
type SensitiveData struct {
	Off bool
	stages.RedactConfig
}

// redactor makes the filter, nil for none.
func (d SensitiveData) redactor() (*stages.Redactor, error) {
	if d.Off {
		return nil, nil
	}
	r, err := stages.NewRedactor(d.RedactConfig)
	if err != nil {
		return nil, fmt.Errorf("SensitiveData.%w", err)
	}
	return r, nil
}

// Instance is one set of rules for spans, and where they go.
type Instance struct {
	Name        string // unique, not empty
	ServiceName string // what dashboards show; it goes into the metadata of the first span of a trace, as serviceName
	Sampling    Sampling

	// Exporters get every span, each on its own. There must be one. They belong to the instance: Shutdown ends them. An
	// exporter may serve several instances.
	Exporters []Exporter
	// Processors run in order on each finished span.
	Processors []Processor
	// SensitiveData takes the place of [Config.SensitiveData]; nil means that.
	SensitiveData *SensitiveData
	// ExcludeTypes are types of spans that are not recorded. Their children move to the nearest ancestor that is, and
	// inherit what only the excluded one would have said.
	ExcludeTypes []span.Type
	// SpanFilter, asked last, says which spans are exported: what it gets is what would go out. It must not change it.
	// A span on which it panics is not exported.
	SpanFilter func(s *span.Span) bool
	// RequestContextKeys are copied from the request context (see [ContextWithRequest]) to the metadata of the first
	// span. A dotted one, such as user.id, reaches into a map[string]any, and keeps that shape: {"user":{"id":…}}.
	RequestContextKeys []string
	// HideInput and HideOutput leave out what spans were given and what they made, before anything else sees it.
	HideInput  bool
	HideOutput bool

	Limits Limits
	// Queue is how many spans may wait to be processed, and then for each exporter. 0 means 4096. When there is no
	// room, spans are dropped and counted: tracing never stalls the program that is traced.
	Queue int
	// MaxBytes bounds the same in bytes. 0 means 64 MiB.
	MaxBytes int
}

// withDefaults fills in what is not said, and checks all. Errors name the field.
func (c Config) withDefaults() (Config, error) {
	if len(c.Instances) == 0 {
		c.Default = true
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if _, err := c.SensitiveData.redactor(); err != nil {
		return c, fmt.Errorf("%w: Config.%w", pipeline.ErrConfig, err)
	}
	c.Instances = slices.Clone(c.Instances)
	names := map[string]string{}
	if c.Default {
		names[DefaultInstance] = "Config.Default"
	}
	for i := range c.Instances {
		at := fmt.Sprintf("Config.Instances[%d]", i)
		if c.Instances[i].SensitiveData == nil {
			c.Instances[i].SensitiveData = &c.SensitiveData
		}
		var err error
		if c.Instances[i], err = c.Instances[i].withDefaults(); err != nil {
			return c, fmt.Errorf("%w: %s.%w", pipeline.ErrConfig, at, err)
		}
		name := c.Instances[i].Name
		if other, taken := names[name]; taken {
			return c, fmt.Errorf("%w: %s.Name is %q, and so is that of %s", pipeline.ErrConfig, at, name, other)
		}
		names[name] = at
	}
	if len(names) > 1 && c.Selector == nil {
		return c, fmt.Errorf("%w: Config.Selector is nil, but there are %d instances to choose from", pipeline.ErrConfig, len(names))
	}
	return c, nil
}

func (i Instance) withDefaults() (Instance, error) {
	i.Queue = cmp.Or(i.Queue, 4096)
	i.MaxBytes = cmp.Or(i.MaxBytes, 64<<20)
	var err error
	if i.Limits, err = i.Limits.withDefaults(); err != nil {
		return i, err
	}
	if err := i.Sampling.check(); err != nil {
		return i, err
	}
	if _, err := i.SensitiveData.redactor(); err != nil {
		return i, err
	}
	switch {
	case i.Name == "":
		return i, wrong("Name is empty")
	case i.ServiceName == "":
		return i, wrong("ServiceName is empty")
	case len(i.Exporters) == 0:
		return i, wrong("Exporters is empty")
	case i.Queue < 0:
		return i, wrong("Queue is %d", i.Queue)
	case i.MaxBytes < i.Limits.MaxSpanBytes:
		return i, wrong("MaxBytes is %d, less than Limits.MaxSpanBytes, %d", i.MaxBytes, i.Limits.MaxSpanBytes)
	}
	for n, e := range i.Exporters {
		if e == nil {
			return i, wrong("Exporters[%d] is nil", n)
		}
	}
	for n, p := range i.Processors {
		if p == nil {
			return i, wrong("Processors[%d] is nil", n)
		}
	}
	for n, typ := range i.ExcludeTypes {
		if !typ.Known() {
			return i, wrong("ExcludeTypes[%d] is %q, which is no span type", n, typ)
		}
	}
	for n, key := range i.RequestContextKeys {
		if !validPath(key) {
			return i, wrong("RequestContextKeys[%d] is %q", n, key)
		}
	}
	return i, nil
}

// wrong is an error about a field, whose name it begins with.
func wrong(format string, args ...any) error { return fmt.Errorf(format, args...) }
