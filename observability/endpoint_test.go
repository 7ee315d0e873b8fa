package observability_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

// variables are all that the exporter reads, unset for the test but for those of env.
func setEnv(t *testing.T, env map[string]string) {
	t.Helper()
	for _, name := range []string{
		"MASTRA_CLOUD_ACCESS_TOKEN", "MASTRA_PLATFORM_ACCESS_TOKEN", "MASTRA_CLOUD_AI_TRACES_ENDPOINT",
		"MASTRA_CLOUD_TRACES_ENDPOINT", "MASTRA_PLATFORM_OBSERVABILITY_ENDPOINT", "MASTRA_PROJECT_ID",
	} {
		t.Setenv(name, env[name]) // an empty one counts as unset
	}
}

// target is where an exporter with cfg sends to.
func target(t *testing.T, cfg observability.CloudExporterConfig) (string, error) {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	e, err := observability.NewCloudExporter(cfg)
	if err != nil {
		return "", err
	}
	if err := e.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	text := strings.TrimPrefix(fmt.Sprint(e), "observability.CloudExporter(")
	return text[:strings.LastIndex(text, ", ")], nil // a path may have commas
}

func TestEndpoints(t *testing.T) {
	type config = observability.CloudExporterConfig
	for _, c := range []struct {
		name string
		cfg  config
		env  map[string]string
		want string
	}{
		{"1.x by default", config{}, nil, "https://observability.mastra.ai/ai/spans/publish"},
		{"1.x with a project", config{ProjectID: "my-app_1"}, nil, "https://observability.mastra.ai/projects/my-app_1/ai/spans/publish"},
		{"an origin", config{Endpoint: "https://cloud.example"}, nil, "https://cloud.example/ai/spans/publish"},
		{"an origin with slashes and a port", config{Endpoint: "https://cloud.example:8443//"}, nil, "https://cloud.example:8443/ai/spans/publish"},
		{"an origin with a project", config{Endpoint: "https://cloud.example", ProjectID: "p"}, nil, "https://cloud.example/projects/p/ai/spans/publish"},
		{"an origin for traces", config{TracesEndpoint: "https://traces.example/", ProjectID: "p"}, nil, "https://traces.example/projects/p/ai/spans/publish"},
		{"a URL for traces, used as it is", config{TracesEndpoint: "https://traces.example/in/spans/publish", ProjectID: "p"}, nil, "https://traces.example/in/spans/publish"},
		{"a URL for traces with slashes", config{TracesEndpoint: "https://traces.example/in/spans/publish//"}, nil, "https://traces.example/in/spans/publish"},
		{"traces beat the endpoint", config{TracesEndpoint: "https://traces.example", Endpoint: "https://cloud.example"}, nil, "https://traces.example/ai/spans/publish"},
		{"plain http to this host", config{Endpoint: "http://localhost:4111"}, nil, "http://localhost:4111/ai/spans/publish"},
		{"plain http to ::1", config{Endpoint: "http://[::1]:4111"}, nil, "http://[::1]:4111/ai/spans/publish"},
		{"plain http elsewhere, allowed", config{Endpoint: "http://cloud.example", AllowInsecure: true}, nil, "http://cloud.example/ai/spans/publish"},

		{"0.x by default", config{Wire: span.V0}, nil, "https://api.mastra.ai/ai/spans/publish"},
		{"0.x takes a full URL", config{Wire: span.V0, Endpoint: "https://cloud.example/in/"}, nil, "https://cloud.example/in/"},
		{"0.x takes an origin as it is", config{Wire: span.V0, Endpoint: "https://cloud.example"}, nil, "https://cloud.example"},
		{"0.x to an origin of 1.x", config{Wire: span.V0, TracesEndpoint: "https://cloud.example", ProjectID: "p"}, nil, "https://cloud.example/projects/p/ai/spans/publish"},

		{"1.x reads its variable", config{}, map[string]string{"MASTRA_CLOUD_TRACES_ENDPOINT": "https://env.example"}, "https://env.example/ai/spans/publish"},
		{"a full one too", config{}, map[string]string{"MASTRA_CLOUD_TRACES_ENDPOINT": "https://env.example/x/spans/publish"}, "https://env.example/x/spans/publish"},
		{"then the platform's", config{}, map[string]string{"MASTRA_PLATFORM_OBSERVABILITY_ENDPOINT": "https://observability.eu.mastra.ai"}, "https://observability.eu.mastra.ai/ai/spans/publish"},
		{"in this order", config{}, map[string]string{
			"MASTRA_CLOUD_TRACES_ENDPOINT": "https://first.example", "MASTRA_PLATFORM_OBSERVABILITY_ENDPOINT": "https://second.example",
		}, "https://first.example/ai/spans/publish"},
		{"at last that of 0.x, so that nothing goes elsewhere in silence", config{}, map[string]string{
			"MASTRA_CLOUD_AI_TRACES_ENDPOINT": "https://eu.example/ai/spans/publish",
		}, "https://eu.example/ai/spans/publish"},
		{"0.x reads its own first", config{Wire: span.V0}, map[string]string{
			"MASTRA_CLOUD_AI_TRACES_ENDPOINT": "https://old.example/in", "MASTRA_CLOUD_TRACES_ENDPOINT": "https://new.example",
		}, "https://old.example/in"},
		{"0.x leaves the project's variable to 1.x", config{Wire: span.V0}, map[string]string{"MASTRA_PROJECT_ID": "p"}, "https://api.mastra.ai/ai/spans/publish"},
		{"code beats the variables", config{Endpoint: "https://code.example", ProjectID: "code"}, map[string]string{
			"MASTRA_CLOUD_TRACES_ENDPOINT": "https://env.example/x/spans/publish", "MASTRA_PROJECT_ID": "env",
		}, "https://code.example/projects/code/ai/spans/publish"},
		{"the project's variable", config{}, map[string]string{"MASTRA_PROJECT_ID": "env"}, "https://observability.mastra.ai/projects/env/ai/spans/publish"},
		{"variables are not read unless wanted", config{IgnoreEnv: true}, map[string]string{
			"MASTRA_CLOUD_TRACES_ENDPOINT": "https://env.example", "MASTRA_PROJECT_ID": "env",
		}, "https://observability.mastra.ai/ai/spans/publish"},
	} {
		t.Run(c.name, func(t *testing.T) {
			setEnv(t, c.env)
			c.cfg.AccessToken = fakeToken
			got, err := target(t, c.cfg)
			if err != nil || got != c.want {
				t.Errorf("%+v with %v: spans go to %q (%v), want %q", c.cfg, c.env, got, err, c.want)
			}
		})
	}
}

func TestBadEndpointsAreErrorsThatNameThem(t *testing.T) {
	type config = observability.CloudExporterConfig
	for _, c := range []struct {
		cfg  config
		env  map[string]string
		want []string
	}{
		{cfg: config{Endpoint: "://secret"}, want: []string{"CloudExporterConfig.Endpoint", "no URL"}},
		{cfg: config{Endpoint: "ftp://secret.example"}, want: []string{"CloudExporterConfig.Endpoint", "http"}},
		{cfg: config{Endpoint: "cloud.example/secret"}, want: []string{"CloudExporterConfig.Endpoint", "http"}},
		{cfg: config{Endpoint: "https:///secret"}, want: []string{"CloudExporterConfig.Endpoint", "no host"}},
		{cfg: config{Endpoint: "https://,"}, want: []string{"CloudExporterConfig.Endpoint", "neither a name nor an address"}},
		{cfg: config{Endpoint: "https://user:secret@cloud.example"}, want: []string{"CloudExporterConfig.Endpoint", "password"}},
		{cfg: config{Endpoint: "https://cloud.example/secret"}, want: []string{"CloudExporterConfig.Endpoint", "origin", "TracesEndpoint"}},
		{cfg: config{Endpoint: "https://cloud.example?secret"}, want: []string{"CloudExporterConfig.Endpoint", "origin"}},
		{cfg: config{Endpoint: "https://cloud.example/#secret"}, want: []string{"CloudExporterConfig.Endpoint", "fragment"}},
		{cfg: config{Endpoint: "https://cloud.example/#"}, want: []string{"CloudExporterConfig.Endpoint", "fragment"}},
		{cfg: config{Endpoint: "http://cloud.example"}, want: []string{"CloudExporterConfig.Endpoint", "plain text", "AllowInsecure"}},
		{cfg: config{Endpoint: "http://[::1%25,]"}, want: []string{"CloudExporterConfig.Endpoint"}},
		{cfg: config{Endpoint: "http://localhost.example"}, want: []string{"CloudExporterConfig.Endpoint", "plain text"}},
		{cfg: config{TracesEndpoint: "https://cloud.example/secret/publish"}, want: []string{"CloudExporterConfig.TracesEndpoint", "/spans/publish"}},
		{cfg: config{TracesEndpoint: "https://cloud.example?secret"}, want: []string{"CloudExporterConfig.TracesEndpoint", "origin"}},
		{cfg: config{Wire: span.V0, Endpoint: "https://cloud.example/in", ProjectID: "p"}, want: []string{"CloudExporterConfig.Endpoint", "ProjectID"}},
		{cfg: config{Wire: span.V0, ProjectID: "p"}, want: []string{"the default", "ProjectID", "TracesEndpoint"}},
		{cfg: config{ProjectID: "secret/../x"}, want: []string{"CloudExporterConfig.ProjectID"}},
		{cfg: config{ProjectID: "secrét"}, want: []string{"CloudExporterConfig.ProjectID"}},
		{env: map[string]string{"MASTRA_PROJECT_ID": "a secret"}, want: []string{"MASTRA_PROJECT_ID"}},
		{env: map[string]string{"MASTRA_CLOUD_TRACES_ENDPOINT": "https://env.example/secret"}, want: []string{"MASTRA_CLOUD_TRACES_ENDPOINT", "/spans/publish"}},
		{env: map[string]string{"MASTRA_CLOUD_AI_TRACES_ENDPOINT": "http://env.example/secret"}, want: []string{"MASTRA_CLOUD_AI_TRACES_ENDPOINT", "plain text"}},
	} {
		t.Run(strings.Join(c.want, " "), func(t *testing.T) {
			setEnv(t, c.env)
			c.cfg.AccessToken = fakeToken
			_, err := target(t, c.cfg)
			if !errors.Is(err, pipeline.ErrConfig) {
				t.Fatalf("%v, want an ErrConfig", err)
			}
			for _, word := range c.want {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not say %q", err, word)
				}
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("%q shows the value", err)
			}
		})
	}
	faults.Happened(t, "input.config-url", "22 of them: each an ErrConfig that names the field, or the variable; what follows the host is in no error")
	faults.Happened(t, "input.config-plain", "an ErrConfig that names the field and AllowInsecure")
}

// FuzzEndpoint holds that no text makes an exporter that sends the token in plain text to another
// host, to a URL with credentials, or, in 1.x, to anything but a path that publishes spans.
func FuzzEndpoint(f *testing.F) {
	for _, text := range []string{"https://cloud.example", "http://localhost:1/", "https://a@b/spans/publish", "//x", "https://x/a/../spans/publish?q", "http://[::1%25en0]"} {
		f.Add(text, "p", false)
		f.Add(text, "", true)
	}
	f.Fuzz(func(t *testing.T, text, project string, full bool) {
		if text == "" {
			return
		}
		cfg := observability.CloudExporterConfig{IgnoreEnv: true, AccessToken: fakeToken, ProjectID: project, Endpoint: text}
		if full {
			cfg.Endpoint, cfg.TracesEndpoint = "", text
		}
		got, err := target(t, cfg)
		if err != nil {
			if !errors.Is(err, pipeline.ErrConfig) {
				t.Errorf("%q: %v is no ErrConfig", text, err)
			}
			return
		}
		if !strings.HasSuffix(got, "/spans/publish") {
			t.Errorf("%q leads to %q", text, got)
		}
		if strings.HasPrefix(got, "http://") && !strings.Contains(got, "localhost") && !strings.Contains(got, "127.") && !strings.Contains(got, "[") {
			t.Errorf("%q leads to %q, in plain text", text, got)
		}
	})
}
