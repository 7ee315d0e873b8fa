package target_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/server/internal/target"
	"github.com/tailrace-go/tailrace/span"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "t0k3n-of-a-test-that-is-long-enough"

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name      string
		cfg       target.Config
		env       [2]string
		url, from string
		tokenFrom string
	}{
		{"nothing", target.Config{}, [2]string{}, "https://observability.mastra.ai/ai/spans/publish", "the default", ""},
		{"an origin", target.Config{Endpoint: "http://localhost:4111"}, [2]string{},
			"http://localhost:4111/ai/spans/publish", "--endpoint", ""},
		{"a full URL", target.Config{Endpoint: "https://own.example/x/spans/publish", Project: "p"}, [2]string{},
			"https://own.example/x/spans/publish", "--endpoint", ""},
		{"a project", target.Config{Endpoint: "https://own.example", Project: "p_1"}, [2]string{},
			"https://own.example/projects/p_1/ai/spans/publish", "--endpoint", ""},
		{"the old wire", target.Config{Endpoint: "https://own.example", Wire: span.V0}, [2]string{}, "https://own.example", "--endpoint", ""},
		{"a variable", target.Config{}, [2]string{"MASTRA_CLOUD_TRACES_ENDPOINT", "https://env.example"},
			"https://env.example/ai/spans/publish", "MASTRA_CLOUD_TRACES_ENDPOINT", ""},
		{"a token", target.Config{Token: token, TokenFrom: "--token-file"}, [2]string{},
			"https://observability.mastra.ai/ai/spans/publish", "the default", "t0k3…ough (--token-file)"},
		{"a token in the environment", target.Config{}, [2]string{"MASTRA_CLOUD_ACCESS_TOKEN", token},
			"https://observability.mastra.ai/ai/spans/publish", "the default", "t0k3…ough (MASTRA_CLOUD_ACCESS_TOKEN)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			clean(t)
			if c.env[0] != "" {
				t.Setenv(c.env[0], c.env[1])
			}
			got, err := target.Resolve(c.cfg)
			if err != nil || got.URL.String() != c.url || got.From != c.from || got.TokenFrom != c.tokenFrom {
				t.Fatalf("%+v: %v from %q, token from %q: %v", c.cfg, got.URL, got.From, got.TokenFrom, err)
			}
			if (got.Token == token) != (c.tokenFrom != "") || strings.Contains(fmt.Sprintf("%v %+v", got, got), token) {
				t.Errorf("the token is %q, shown as %v", got.Token, got)
			}
		})
	}
}

func TestResolveNamesTheFlag(t *testing.T) {
	clean(t)
	for _, c := range []struct {
		cfg  target.Config
		want string
	}{
		{target.Config{Endpoint: "localhost"}, "--endpoint: its scheme is neither http nor https"},
		{target.Config{Endpoint: "https://host/other"}, "--endpoint: it is neither an origin"},
		{target.Config{Endpoint: "https://me:" + token + "@host"}, "--endpoint: it has a user or a password in it"},
		{target.Config{Endpoint: "http://host.example"}, "--allow-insecure"},
		{target.Config{Project: "a/b"}, "--project has a character"},
		{target.Config{Endpoint: "https://host", Project: "p", Wire: span.V0}, "--endpoint: it is a full URL, as 0.x has them, which has no place for --project: use --wire 1 or no --project"},
		{target.Config{Token: token + "\n", TokenFrom: "--token"}, "--token has a space"},
	} {
		_, err := target.Resolve(c.cfg)
		if !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), token) || strings.Contains(err.Error(), "CloudExporterConfig") {
			t.Errorf("%q: %v, want %q", c.cfg.Endpoint, err, c.want)
		}
	}
}

// clean takes away the variables that decide.
func clean(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"MASTRA_CLOUD_AI_TRACES_ENDPOINT", "MASTRA_CLOUD_TRACES_ENDPOINT", "MASTRA_PLATFORM_OBSERVABILITY_ENDPOINT",
		"MASTRA_PROJECT_ID", "MASTRA_PLATFORM_ACCESS_TOKEN", "MASTRA_CLOUD_ACCESS_TOKEN",
	} {
		t.Setenv(name, "")
	}
}
