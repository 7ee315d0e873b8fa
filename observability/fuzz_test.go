package observability_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// fuzzSecret is in each token that FuzzConfig sets, and stands for $ in addresses, which may have
// credentials too.
const fuzzSecret = "fake-canary-of-the-fuzzer"

// FuzzConfig holds that any configuration, and whatever stands in the environment, makes an exporter
// that starts, takes no more than it says, and shuts down with nothing left, or else an error that names
// a field or a variable, and shows no secret. Nothing is sent, since there are no spans.
//
// The numbers are used in turn for what the configuration counts, and the bits of flags say which of
// the rest is set.
func FuzzConfig(f *testing.F) {
	for _, c := range []struct {
		token, endpoint, traces, project, words string
		numbers                                 []byte
		flags                                   uint16
	}{
		{"mst_", "", "", "", "", nil, 0},
		{"", "https://cloud.example", "", "app_1", "gzip|block", []byte{100, 1, 2}, 0xffff},
		{"a\r\nb", "http://a:$@cloud.example/x?y=$", "", "../x", "zstd|drop-oldest|pod-7", []byte{255, 0, 7}, 0x2aaa},
		{"t", "", "https://x/a/spans/publish", "\x00", "none", []byte{4, 200, 128}, 0x5555},
		{"t", "//", "http://[::1%25$]:99999", "é", "br", []byte{1}, 0x0ff0},
	} {
		f.Add(c.token, c.endpoint, c.traces, c.project, c.words, c.numbers, c.flags)
	}
	f.Fuzz(func(t *testing.T, token, endpoint, traces, project, words string, numbers []byte, flags uint16) {
		if strings.ContainsRune(token+endpoint+traces+project, 0) {
			return // no environment can hold it
		}
		d := &draw{numbers: numbers, words: strings.Split(words, "|"), flags: flags}
		cfg := d.cloud(token, strings.ReplaceAll(endpoint, "$", fuzzSecret), strings.ReplaceAll(traces, "$", fuzzSecret), project)
		setEnv(t, d.env)
		synctest.Test(t, func(t *testing.T) {
			cfg.DialContext = func(context.Context, string, string) (net.Conn, error) {
				t.Error("it dials, without a span")
				return nil, net.ErrClosed
			}
			e, err := observability.NewCloudExporter(cfg)
			if err != nil {
				checkConfigError(t, err, "CloudExporterConfig.", "MASTRA_")
				return
			}
			endWithin(t, e)
		})
	})
}

// FuzzInstances is FuzzConfig for the instances of New, and for the default one, whose exporter the
// environment configures.
func FuzzInstances(f *testing.F) {
	f.Add("agents", "svc", "user.id|apiKey", 0.5, []byte{1, 2, 3}, uint16(0), "t", "https://cloud.example")
	f.Add("", "", "", -1.0, []byte{}, uint16(0xffff), "", "")
	f.Add("default", "x", "..|a b", 1e300, []byte{200, 200, 200, 200}, uint16(0x00f0), "a\nb", "http://cloud.example/$")
	f.Fuzz(func(t *testing.T, name, service, words string, ratio float64, numbers []byte, flags uint16, token, endpoint string) {
		if strings.ContainsRune(token+endpoint, 0) {
			return
		}
		d := &draw{numbers: numbers, words: strings.Split(words, "|"), flags: flags}
		env := map[string]string{"MASTRA_CLOUD_TRACES_ENDPOINT": strings.ReplaceAll(endpoint, "$", fuzzSecret)}
		if d.flag() {
			env["MASTRA_CLOUD_ACCESS_TOKEN"] = fuzzSecret + token
		}
		setEnv(t, env)
		synctest.Test(t, func(t *testing.T) {
			o, err := observability.New(d.observability(name, service, ratio))
			if err != nil {
				checkConfigError(t, err, "Config.", "MASTRA_")
				return
			}
			_, s := o.Tracer().Start(t.Context(), "fuzzed", span.AgentRun{})
			_ = s.TraceID()
			endWithin(t, o)
		})
	})
}

// endWithin shuts down what has nothing to wait for.
func endWithin(t *testing.T, of observability.Shutdowner) {
	t.Helper()
	began := time.Now()
	if err := of.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("Shutdown took %v", took)
	}
}

// checkConfigError holds that an error says where the mistake is, in one of the places, and no secret.
func checkConfigError(t *testing.T, err error, places ...string) {
	t.Helper()
	text := err.Error()
	if strings.Contains(text, fuzzSecret) {
		t.Errorf("%q shows a secret", text)
	}
	if errors.Is(err, observability.ErrNoToken) {
		return
	}
	if !errors.Is(err, pipeline.ErrConfig) {
		t.Errorf("%q is no ErrConfig", text)
	}
	for _, place := range places {
		if strings.Contains(text, place) {
			return
		}
	}
	t.Errorf("%q names none of %q", text, places)
}

// draw makes settings of what the fuzzer gave, in turn.
type draw struct {
	numbers []byte
	words   []string
	flags   uint16
	env     map[string]string
}

func (d *draw) flag() bool {
	set := d.flags&1 != 0
	d.flags >>= 1
	return set
}

func (d *draw) word() string {
	if len(d.words) == 0 {
		return ""
	}
	word := d.words[0]
	d.words = d.words[1:]
	return word
}

// number is 0, which is the default, or a power of two, more or less: they are spread over all there
// are, of either sign.
func (d *draw) number() int {
	if len(d.numbers) == 0 {
		return 0
	}
	b := int(d.numbers[0])
	d.numbers = d.numbers[1:]
	if b == 0 {
		return 0
	}
	n := 1<<(b&63) - b>>7
	if b&64 != 0 {
		return -n
	}
	return n
}

// small is a number of which much memory is made at the start.
func (d *draw) small() int { return min(d.number(), 1<<10) }

// cloud draws the configuration of an exporter; flags say which of the texts are in the environment.
func (d *draw) cloud(token, endpoint, traces, project string) observability.CloudExporterConfig {
	cfg := observability.CloudExporterConfig{
		IgnoreEnv: d.flag(), Optional: d.flag(), AllowInsecure: d.flag(),
		MaxBatchSize: d.number(), MaxBatchWait: time.Duration(d.number()), MaxBatchBytes: d.number(), MaxSpanBytes: d.number(),
		MaxBytes: d.number(), Queue: d.small(), Senders: d.number(), MaxSenders: d.number(), Timeout: time.Duration(d.number()),
		MaxRetries: d.number(), MaxElapsed: time.Duration(d.number()), DrainTimeout: time.Duration(d.number()), Wire: span.Format(d.number() & 3),
		Compression: observability.CloudCompression(d.word()), Overflow: observability.CloudOverflow(d.word()), Instance: d.word(),
		Logger: slog.New(slog.DiscardHandler),
	}
	d.env = map[string]string{}
	place := func(field *string, variable, text string) {
		if d.flag() && text != "" {
			d.env[variable] = text
		} else {
			*field = text
		}
	}
	if d.flag() {
		place(&cfg.AccessToken, "MASTRA_CLOUD_ACCESS_TOKEN", fuzzSecret+token)
	}
	if d.flag() {
		d.env["MASTRA_PLATFORM_ACCESS_TOKEN"] = token + fuzzSecret
	}
	if d.flag() {
		cfg.TokenSource = func(context.Context) (string, error) { return token + fuzzSecret, nil }
	}
	place(&cfg.Endpoint, "MASTRA_CLOUD_TRACES_ENDPOINT", endpoint)
	place(&cfg.TracesEndpoint, "MASTRA_CLOUD_AI_TRACES_ENDPOINT", traces)
	place(&cfg.ProjectID, "MASTRA_PROJECT_ID", project)
	return cfg
}

// observability draws a configuration with at most one instance of its own.
func (d *draw) observability(name, service string, ratio float64) observability.Config {
	cfg := observability.Config{Default: d.flag(), Logger: slog.New(slog.DiscardHandler)}
	if d.flag() {
		return cfg
	}
	i := observability.Instance{
		Name: name, ServiceName: service, HideInput: d.flag(), HideOutput: d.flag(), Queue: d.small(), MaxBytes: d.number(),
		Limits: observability.Limits{
			MaxStringBytes: d.number(), MaxDepth: d.number(), MaxItems: d.number(), MaxSpanBytes: d.number(), MaxWait: time.Duration(d.number()),
		},
		Sampling: observability.SampleRatio(ratio),
	}
	if d.flag() {
		i.Exporters = []observability.Exporter{new(observability.Memory)}
	}
	if d.flag() {
		i.SensitiveData = &observability.SensitiveData{Off: d.flag(), RedactConfig: stages.RedactConfig{
			Fields: []string{d.word()}, OnlyFields: d.flag(), Token: d.word(),
			Style: stages.RedactStyle(d.number()), Find: stages.RedactFinds(d.number()),
		}}
	}
	if d.flag() {
		i.ExcludeTypes = []span.Type{span.Type(d.word())}
	}
	if d.flag() {
		cfg.Selector = func(context.Context, observability.Root) string { return name }
	}
	i.RequestContextKeys = d.words
	cfg.Instances = []observability.Instance{i}
	return cfg
}
