package api

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// setup says how programs send their traces to this server.
type setup struct {
	URL     string       `json:"url"` // of this server, without a path
	Clients []setupBlock `json:"clients"`
}

// setupBlock is the set-up of one kind of client, ready to be copied.
type setupBlock struct {
	Client string `json:"client" enum:"go,mastra,mastra-0.x,otlp"`
	Title  string `json:"title"`
	Env    string `json:"env"`  // variables, a line each, as a file .env has them
	Code   string `json:"code"` // of the program; empty where the variables are enough
}

// someToken stands for a secret that is not shown.
const someToken = "trt_YOUR_TOKEN"

// getSetup answers with a place for the token, since the secret of none can be had again.
func (a *API) getSetup(c *call) (any, error) { return setupFor(a.origin(c), someToken), nil }

// setupFor writes the blocks. The variables are those of observability.CloudExporterConfig, of Mastra's exporters and of
// the OpenTelemetry specification ("OpenTelemetry Protocol Exporter").
func setupFor(origin, token string) setup {
	code := `o, err := observability.New(observability.Config{})
if err != nil {
	log.Fatal(err)
}
defer o.Shutdown(context.Background())
`
	if u, err := url.Parse(origin); err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		code = `// This server has no TLS: the token goes over the network in plain text.
cloud, err := observability.NewCloudExporter(observability.CloudExporterConfig{AllowInsecure: true})
if err != nil {
	log.Fatal(err)
}
o, err := observability.New(observability.Config{Instances: []observability.Instance{
	{Name: "production", ServiceName: "my-service", Exporters: []observability.Exporter{cloud}},
}})
if err != nil {
	log.Fatal(err)
}
defer o.Shutdown(context.Background())
`
	}
	return setup{URL: origin, Clients: []setupBlock{
		{
			Client: "go", Title: "Go, with tailrace",
			Env:  lines("MASTRA_CLOUD_TRACES_ENDPOINT="+origin, "MASTRA_CLOUD_ACCESS_TOKEN="+token),
			Code: code,
		},
		{
			Client: "mastra", Title: "Mastra 1.x",
			Env: lines("MASTRA_CLOUD_TRACES_ENDPOINT="+origin, "MASTRA_PLATFORM_ACCESS_TOKEN="+token),
			Code: `import { Mastra } from "@mastra/core/mastra";
import { MastraPlatformExporter, Observability } from "@mastra/observability";

export const mastra = new Mastra({
  observability: new Observability({
    configs: {
      production: {
        serviceName: "my-service",
        exporters: [new MastraPlatformExporter()],
      },
    },
  }),
});
`,
		},
		{
			Client: "mastra-0.x", Title: "Mastra 0.x",
			Env: lines("MASTRA_CLOUD_AI_TRACES_ENDPOINT="+origin+"/ai/spans/publish", "MASTRA_CLOUD_ACCESS_TOKEN="+token),
			Code: `import { Mastra } from "@mastra/core";
import { CloudExporter } from "@mastra/core/ai-tracing";

export const mastra = new Mastra({
  observability: {
    configs: {
      production: {
        serviceName: "my-service",
        exporters: [new CloudExporter()],
      },
    },
  },
});
`,
		},
		{
			Client: "otlp", Title: "OpenTelemetry, any language",
			Env: lines(
				"OTEL_TRACES_EXPORTER=otlp",
				"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="+origin+"/v1/traces",
				"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf",
				"OTEL_EXPORTER_OTLP_TRACES_HEADERS=Authorization=Bearer%20"+token,
			),
		},
	}}
}

func lines(all ...string) string { return strings.Join(all, "\n") + "\n" }

// plainHost is a name or address, and perhaps a port, with nothing in it that a shell would read.
var plainHost = regexp.MustCompile(`^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$`)

// origin is the URL of this server: as it was configured, else as the request names it. The router has let in the name,
// but what is answered here is pasted into shells.
func (a *API) origin(c *call) string {
	if a.cfg.URL != "" {
		return strings.TrimRight(a.cfg.URL, "/")
	}
	scheme, host := "http://", c.r.Host
	if c.g.Secure() {
		scheme = "https://"
	}
	if !plainHost.MatchString(host) {
		host = "localhost"
	}
	return scheme + host
}

func isLoopback(name string) bool {
	ip := net.ParseIP(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || ip != nil && ip.IsLoopback()
}

// checkURL refuses what could not be written in front of a path.
func checkURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || !plainHost.MatchString(u.Host) || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("api: Config.URL is not like https://traces.example.org")
	}
	return nil
}
