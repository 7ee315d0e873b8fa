package api

import (
	_ "embed"
	"net/http"

	"github.com/tailrace-go/tailrace/server/access"
)

// openAPI is made from the table by go generate.
//
//go:generate go test -run ^TestOpenAPIIsWhatTheTableSays$ -update .
//go:embed openapi.json
var openAPI []byte

// serverOperations are about the server itself.
func (a *API) serverOperations() []operation {
	return []operation{
		{
			Route: access.Route{Method: http.MethodGet, Path: "/healthz", Need: access.Open},
			id:    "getHealth", topic: "server", summary: "Says that the server is alive", reply: health{}, do: a.getHealth,
		},
		{
			Route: access.Route{Method: http.MethodGet, Path: "/readyz", Need: access.Open},
			id:    "getReadiness", topic: "server", summary: "Says whether the store can be written to, and the server is not about to stop",
			reply: health{}, do: a.getReadiness,
		},
		a.metricsOperation(),
		a.pipelineOperation(),
		{
			Route: access.Route{Method: http.MethodGet, Path: "/api/openapi.json", Need: access.Open},
			id:    "getOpenAPI", topic: "server", summary: "Describes this interface", do: a.getOpenAPI, media: "application/openapi+json",
		},
	}
}

// health is that the server works.
type health struct {
	Status  string `json:"status" enum:"ok"`
	Version string `json:"version"`
}

func (a *API) getHealth(*call) (any, error) { return health{Status: "ok", Version: a.cfg.Version}, nil }

func (a *API) getReadiness(c *call) (any, error) {
	if a.draining.Err() != nil {
		return nil, refused(http.StatusServiceUnavailable, "draining", "the server is about to stop")
	}
	if err := a.cfg.Store.Ready(c.ctx()); err != nil {
		a.cfg.Log.Warn("the store is not ready", "error", err)
		return nil, refused(http.StatusServiceUnavailable, "not_ready", "the store cannot be written to")
	}
	return health{Status: "ok", Version: a.cfg.Version}, nil
}

func (a *API) getOpenAPI(c *call) (any, error) {
	h := c.w.Header()
	h.Set("Cache-Control", "no-cache")
	tag := etag(0, openAPI)
	h.Set("ETag", tag)
	if matches(c.r.Header.Values("If-None-Match"), tag) {
		c.w.WriteHeader(http.StatusNotModified)
		return answered{}, nil
	}
	h.Set("Content-Type", "application/openapi+json; charset=utf-8")
	_, _ = c.w.Write(openAPI)
	return answered{}, nil
}
