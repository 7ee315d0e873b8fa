package observability

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

// The defaults of the two generations, and the path of what they publish spans to.
const (
	cloudEndpointV0 = "https://api.mastra.ai/ai/spans/publish"
	cloudOriginV1   = "https://observability.mastra.ai"
	publishSuffix   = "/spans/publish"
)

// Environment variables, with the generation that reads them in the JavaScript exporters.
const (
	envEndpointV0       = "MASTRA_CLOUD_AI_TRACES_ENDPOINT"        // 0.x
	envTracesEndpoint   = "MASTRA_CLOUD_TRACES_ENDPOINT"           // 1.x
	envPlatformEndpoint = "MASTRA_PLATFORM_OBSERVABILITY_ENDPOINT" // 1.x
	envProject          = "MASTRA_PROJECT_ID"                      // 1.x
	envPlatformToken    = "MASTRA_PLATFORM_ACCESS_TOKEN"           // 1.x
	envCloudToken       = "MASTRA_CLOUD_ACCESS_TOKEN"              //nolint:gosec // both; the name of a variable
)

// urlRule is how a URL that somebody gave becomes the one to post to.
type urlRule func(u *url.URL, project string) (*url.URL, error)

// endpointSetting is one place that may say where spans go.
type endpointSetting struct {
	name  string // for errors and the log: a field or a variable
	value string
	rule  urlRule
}

// endpoint finds the URL to post to, and what said so. Whatever the code says beats the
// environment. Every variable of either generation is read, those of the chosen one first: one
// that was set and never read once sent data to another continent in silence.
func (c *CloudExporterConfig) endpoint(env func(string) string, project string) (u *url.URL, from string, err error) {
	given, variables, fallback := fullURL, []endpointSetting{
		{envEndpointV0, env(envEndpointV0), fullURL},
		{envTracesEndpoint, env(envTracesEndpoint), originOrPublishURL},
		{envPlatformEndpoint, env(envPlatformEndpoint), originOrPublishURL},
	}, cloudEndpointV0
	if c.Wire != span.V0 {
		given, fallback = originOnly, cloudOriginV1
		variables = append(variables[1:], variables[0])
	}
	settings := append([]endpointSetting{
		{"CloudExporterConfig.TracesEndpoint", c.TracesEndpoint, originOrPublishURL},
		{"CloudExporterConfig.Endpoint", c.Endpoint, given},
	}, variables...)
	settings = append(settings, endpointSetting{"the default", fallback, given})
	for _, s := range settings {
		if s.value != "" {
			u, err := s.resolve(project, c.AllowInsecure)
			return u, s.name, err
		}
	}
	return nil, "", errors.New("observability: no endpoint") // the default is not empty
}

// resolve checks a URL and applies its rule. No error shows the URL, since it may hold a secret.
func (s endpointSetting) resolve(project string, allowInsecure bool) (*url.URL, error) {
	u, err := url.Parse(s.value)
	switch {
	case err != nil: // its text would repeat the URL
		err = errors.New("it is no URL")
	case u.Scheme != "http" && u.Scheme != "https":
		err = errors.New("its scheme is neither http nor https")
	case u.Hostname() == "":
		err = errors.New("it has no host")
	case !isHost(u.Hostname()):
		err = errors.New("its host is neither a name nor an address")
	case u.User != nil:
		err = errors.New("it has a user or a password in it; the token goes into CloudExporterConfig.AccessToken")
	case u.Fragment != "" || strings.Contains(s.value, "#"):
		err = errors.New("it has a fragment")
	case u.Scheme == "http" && !allowInsecure && !isLoopback(u.Hostname()):
		err = errors.New("it would send the token in plain text: use https, or CloudExporterConfig.AllowInsecure")
	default:
		u, err = s.rule(u, project)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", pipeline.ErrConfig, s.name, err)
	}
	return u, nil
}

// fullURL is the rule of 0.x: as it is, even if it is a bare origin.
func fullURL(u *url.URL, project string) (*url.URL, error) {
	if project != "" {
		return nil, errors.New("it is a full URL, as 0.x has them, which has no place for CloudExporterConfig.ProjectID: use TracesEndpoint with an origin")
	}
	return u, nil
}

// originOnly is the rule of 1.x for an endpoint.
func originOnly(u *url.URL, project string) (*url.URL, error) {
	if strings.Trim(u.Path, "/") != "" || hasQuery(u) {
		return nil, errors.New("it is more than an origin, such as https://host; a full URL is for CloudExporterConfig.TracesEndpoint")
	}
	return withPath(u, project), nil
}

// originOrPublishURL is the rule of 1.x for the endpoint of traces alone: a URL that publishes spans
// is used as it is, even when there is a project.
func originOrPublishURL(u *url.URL, project string) (*url.URL, error) {
	trimmed := *u
	trimmed.Path, trimmed.RawPath = strings.TrimRight(u.Path, "/"), ""
	switch {
	case strings.HasSuffix(trimmed.Path, publishSuffix):
		return &trimmed, nil
	case trimmed.Path != "" || hasQuery(u):
		return nil, fmt.Errorf("it is neither an origin, such as https://host, nor a URL whose path ends in %s", publishSuffix)
	}
	return withPath(u, project), nil
}

// withPath adds to an origin the path that spans are published to.
func withPath(origin *url.URL, project string) *url.URL {
	path := "/ai" + publishSuffix
	if project != "" {
		path = "/projects/" + project + path
	}
	return &url.URL{Scheme: origin.Scheme, Host: origin.Host, Path: path}
}

func hasQuery(u *url.URL) bool { return u.RawQuery != "" || u.ForceQuery }

// isHost reports whether host can be one: url.Parse takes almost any characters for a name, and netip for a zone. What is
// not ASCII is left to net/http, which knows internationalized names.
func isHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Zone() // of an interface's name, or its number
	}
	return !strings.ContainsFunc(host, func(c rune) bool {
		return c < 0x80 && c != '-' && c != '.' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	})
}

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") { // RFC 6761, section 6.3
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
