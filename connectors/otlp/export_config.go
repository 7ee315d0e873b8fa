package otlp

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/stages"
)

// ExporterConfig holds the settings of an [Exporter]. Its zero value sends to http://localhost:4318, or to where the
// variables of OpenTelemetry say: those of the names OTEL_EXPORTER_OTLP_TRACES_…, then OTEL_EXPORTER_OTLP_…, with
// ENDPOINT, HEADERS, COMPRESSION (gzip, zstd or none), TIMEOUT (ms) and PROTOCOL (http/protobuf or http/json), and
// OTEL_SERVICE_NAME. What is set here beats them.
//
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/
type ExporterConfig struct {
	Endpoint string // the base URL, to which /v1/traces is added. Without it, Sink.Endpoint is the whole URL

	// Service is the resource's service.name where a span's own resource and metadata have none.
	Service string

	Format      Format // Protobuf unless set
	Compression string // gzip, zstd or none; "" means gzip. Where it is refused bodies go plain
	IgnoreEnv   bool   // keeps the exporter from reading any variable
	Name        string // of the pipeline in statistics and metrics; "" means otlp

	// Overflow says what becomes of a span for which there is no room: drop-newest, drop-oldest, or block, with which
	// Export waits. "" means drop-newest: tracing must not stall the program that is traced.
	Overflow string

	MaxBatchSize  int           // spans in a request; 0 means 1000
	MaxBatchWait  time.Duration // age at which a batch that is not full is sent; 0 means 5 s
	MaxBatchBytes int           // of a request before compression, and of one span; 0 means 3.5 MiB
	MaxBytes      int           // of all spans in the exporter; 0 means 64 MiB
	Queue         int           // spans that may wait to be batched; 0 means 32768
	DrainTimeout  time.Duration // how long Shutdown may take whatever its context says; 0 means no limit

	// Sink has all else: headers, credentials, TLS, retries (by default for 15 min), the spool.
	Sink sink.HTTPConfig

	// OnLoss is called for what is lost, as pipeline.Config.OnLoss has it.
	OnLoss func(stage, reason string, item any)
}

// exporterSetup is a configuration with its defaults, checked.
type exporterSetup struct {
	ExporterConfig
	compression stages.Compression
	overflow    pipeline.Overflow
}

const defaultBase = "http://localhost:4318"

func (c ExporterConfig) withDefaults() (s exporterSetup, err error) {
	s.ExporterConfig = c
	if !c.IgnoreEnv {
		if err := s.readEnv(os.LookupEnv); err != nil {
			return s, err
		}
	}
	switch {
	case s.Endpoint != "":
		s.Sink.Endpoint = tracesURL(s.Endpoint)
	case s.Sink.Endpoint == "":
		s.Sink.Endpoint = tracesURL(defaultBase)
	}
	s.Name = cmp.Or(s.Name, "otlp")
	for _, f := range []struct {
		name  string
		value *int
		unset int
	}{
		{"MaxBatchSize", &s.MaxBatchSize, 1000}, {"MaxBatchBytes", &s.MaxBatchBytes, 7 << 19},
		{"MaxBytes", &s.MaxBytes, 64 << 20}, {"Queue", &s.Queue, 1 << 15},
	} {
		if *f.value < 0 {
			return s, fmt.Errorf("%w: ExporterConfig.%s is negative: %d", pipeline.ErrConfig, f.name, *f.value)
		}
		*f.value = cmp.Or(*f.value, f.unset)
	}
	for _, f := range []struct {
		name  string
		value *time.Duration
		unset time.Duration
	}{{"MaxBatchWait", &s.MaxBatchWait, 5 * time.Second}, {"DrainTimeout", &s.DrainTimeout, 0}} {
		if *f.value < 0 {
			return s, fmt.Errorf("%w: ExporterConfig.%s is negative: %v", pipeline.ErrConfig, f.name, *f.value)
		}
		*f.value = cmp.Or(*f.value, f.unset)
	}
	if s.Format > JSON {
		return s, fmt.Errorf("%w: ExporterConfig.Format is %d", pipeline.ErrConfig, s.Format)
	}
	s.Sink.MaxSenders = cmp.Or(s.Sink.MaxSenders, 16)
	s.Sink.Senders = cmp.Or(s.Sink.Senders, min(4, s.Sink.MaxSenders))
	if s.Sink.Retry.MaxElapsed == 0 {
		s.Sink.Retry.MaxElapsed = 15 * time.Minute
	}
	if s.reserved() > s.MaxBytes-s.MaxBatchBytes {
		return s, fmt.Errorf("%w: ExporterConfig.MaxBytes is %d: 2 × Sink.Senders × MaxBatchBytes, which is %d, and one span have no room in it",
			pipeline.ErrConfig, s.MaxBytes, s.reserved())
	}
	if err := s.readOverflow(); err != nil {
		return s, err
	}
	err = s.readCompression()
	return s, err
}

// readEnv fills in what is not set. A variable that is empty counts as unset, as OpenTelemetry has it.
func (s *exporterSetup) readEnv(lookup func(string) (string, bool)) error {
	read := func(name string) (variable, value string) {
		for _, variable := range []string{"OTEL_EXPORTER_OTLP_TRACES_" + name, "OTEL_EXPORTER_OTLP_" + name} {
			if value, ok := lookup(variable); ok && value != "" {
				return variable, value
			}
		}
		return "", ""
	}
	if variable, value := read("ENDPOINT"); s.Endpoint == "" && s.Sink.Endpoint == "" && value != "" {
		if u, err := url.Parse(value); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return fmt.Errorf("%w: %s is no URL of http or https", pipeline.ErrConfig, variable)
		}
		if strings.Contains(variable, "TRACES") {
			s.Sink.Endpoint = value // the whole URL
		} else {
			s.Endpoint = value
		}
	}
	if variable, value := read("HEADERS"); value != "" {
		if err := s.addHeaders(variable, value); err != nil {
			return err
		}
	}
	if variable, value := read("TIMEOUT"); s.Sink.Timeout == 0 && value != "" {
		ms, err := strconv.ParseUint(value, 10, 31)
		if err != nil || ms == 0 {
			return fmt.Errorf("%w: %s is %q: milliseconds are wanted", pipeline.ErrConfig, variable, value)
		}
		s.Sink.Timeout = time.Duration(ms) * time.Millisecond
	}
	if _, value := read("COMPRESSION"); s.Compression == "" {
		s.Compression = value
	}
	if variable, value := read("PROTOCOL"); s.Format == Protobuf && value != "" {
		switch value {
		case "http/protobuf":
		case "http/json":
			s.Format = JSON
		default:
			return fmt.Errorf("%w: %s is %q: http/protobuf and http/json are spoken", pipeline.ErrConfig, variable, value)
		}
	}
	if value, ok := lookup("OTEL_SERVICE_NAME"); ok && s.Service == "" {
		s.Service = value
	}
	return nil
}

// addHeaders reads key=value,key=value with percent signs, and never shows what it read: there are tokens in it.
func (s *exporterSetup) addHeaders(variable, text string) error {
	header := s.Sink.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		key = strings.TrimSpace(key)
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || key == "" || err != nil {
			return fmt.Errorf("%w: %s is not of the form key=value,key=value", pipeline.ErrConfig, variable)
		}
		if s.Sink.Header.Get(key) == "" { // what is set in code goes first
			header.Set(key, value)
		}
	}
	s.Sink.Header = header
	return nil
}

func (s *exporterSetup) readOverflow() error {
	for _, policy := range []pipeline.Overflow{pipeline.DropNewest, pipeline.DropOldest, pipeline.Block} {
		if cmp.Or(s.Overflow, pipeline.DropNewest.String()) == policy.String() {
			s.overflow = policy
			return nil
		}
	}
	return fmt.Errorf("%w: ExporterConfig.Overflow is %q: drop-newest, drop-oldest and block are known", pipeline.ErrConfig, s.Overflow)
}

func (s *exporterSetup) readCompression() error {
	switch s.Compression {
	case "", "gzip":
		s.compression = stages.Gzip
	case "zstd":
		s.compression = stages.Zstd
	case "none":
		s.compression = stages.None
	default:
		return fmt.Errorf("%w: ExporterConfig.Compression is %q: gzip, zstd and none are known", pipeline.ErrConfig, s.Compression)
	}
	return nil
}

// reserved is the room that encoding, compressing and sending have of MaxBytes.
func (s *exporterSetup) reserved() int { return 2 * s.Sink.Senders * s.MaxBatchBytes }

// workers is how many encode and compress at once.
func (s *exporterSetup) workers() int { return min(runtime.GOMAXPROCS(0), s.Sink.MaxSenders) }
