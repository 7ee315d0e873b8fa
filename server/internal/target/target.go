// Package target finds out where the commands of the program send spans, and with which token. The rules, and what the
// environment has a say in, are those of observability.CloudExporter: it is asked, so that there is one copy of them.
package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

// Config is what the command line says; "" leaves it to the environment.
type Config struct {
	Endpoint      string      // an origin, or a URL whose path ends in /spans/publish; with span.V0 a full URL
	Token         string      // access token
	TokenFrom     string      // the flag that Token comes from, for messages
	Project       string      // id, for the path below an origin
	Wire          span.Format // whose rules
	AllowInsecure bool        // let the token go over http to other hosts
}

// Target is where spans go.
type Target struct {
	URL       *url.URL // to post to; its query may be secret
	From      string   // the flag or variable that says so, or "the default"
	Token     string   // "" if there is none
	TokenFrom string   // the token masked, and the flag or variable it comes from
}

// Shown is the URL without its query.
func (t Target) Shown() string { return t.URL.Scheme + "://" + t.URL.Host + t.URL.EscapedPath() }

// Resolve applies the rules. An error matches pipeline.ErrConfig, names the flag or the variable that is wrong, and shows
// neither token nor URL.
func Resolve(cfg Config) (Target, error) {
	exporter := observability.CloudExporterConfig{
		AccessToken: cfg.Token, ProjectID: cfg.Project, Wire: cfg.Wire, AllowInsecure: cfg.AllowInsecure,
	}
	if cfg.Wire == span.V0 {
		exporter.Endpoint = cfg.Endpoint
	} else {
		exporter.TracesEndpoint = cfg.Endpoint
	}
	t, err := ask(exporter)
	if errors.Is(err, observability.ErrNoToken) { // a self-hosted endpoint may want none
		exporter.AccessToken = "none"
		t, err = ask(exporter)
		t.Token, t.TokenFrom = "", ""
	}
	if err != nil {
		return Target{}, &Error{rename(cfg).Replace(err.Error())}
	}
	t.From, t.TokenFrom = rename(cfg).Replace(t.From), rename(cfg).Replace(t.TokenFrom)
	return t, nil
}

// Error is a fault of the configuration.
type Error struct{ fault string }

func (e *Error) Error() string { return e.fault }

// Is makes it match [pipeline.ErrConfig].
func (e *Error) Is(target error) bool { return target == pipeline.ErrConfig }

// rename puts the flags of the program in the place of the exporter's fields.
func rename(cfg Config) *strings.Replacer {
	const field = "CloudExporterConfig."
	from := cfg.TokenFrom
	if from == "" {
		from = "--token-file"
	}
	return strings.NewReplacer(
		pipeline.ErrConfig.Error()+": ", "",
		"TracesEndpoint with an origin", "--wire 1 or no --project",
		"a full URL is for "+field+"TracesEndpoint", "say --endpoint for a full URL",
		field+"TracesEndpoint", "--endpoint",
		field+"Endpoint", "--endpoint",
		field+"ProjectID", "--project",
		field+"AccessToken", from,
		field+"AllowInsecure", "--allow-insecure",
	)
}

// ask has an exporter send its empty request into our hands, and reads what is on it.
func ask(cfg observability.CloudExporterConfig) (t Target, err error) {
	cfg.Transport = recorder{&t}
	cfg.Logger = slog.New(listener{slog.DiscardHandler, &t})
	exporter, err := observability.NewCloudExporter(cfg)
	if err != nil {
		return t, err
	}
	err = exporter.Verify(context.Background())
	return t, errors.Join(err, exporter.Shutdown(context.Background()))
}

// recorder is a network that accepts everything and remembers where to it was sent.
type recorder struct{ to *Target }

func (r recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		_ = request.Body.Close() // nobody reads it
	}
	r.to.URL = request.URL
	r.to.Token = strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer ")
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: request,
	}, nil
}

// listener takes from the exporter's line at its start what decided.
type listener struct {
	slog.Handler
	to *Target
}

func (l listener) Enabled(context.Context, slog.Level) bool { return true }

func (l listener) Handle(_ context.Context, line slog.Record) error {
	line.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "endpoint_from":
			l.to.From = a.Value.String()
		case "token":
			l.to.TokenFrom = a.Value.String()
		}
		return true
	})
	return nil
}

// Format keeps the token out of logs, whatever the verb.
func (t Target) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "target.Target(%s)", t.Shown()) }
