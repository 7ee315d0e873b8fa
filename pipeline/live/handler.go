package live

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// Handler shows pipelines, in this order, below the path that it is mounted at, which ends in a slash:
//
//	GET <path>/            the page
//	GET <path>/stats.json  the same as JSON, a [Report]
//
// Other paths, and names of pipelines that it does not have, are answered with 404, and methods other than GET and HEAD
// with 405. It finds its path by the pattern of an [http.ServeMux], or behind http.StripPrefix; another router has to
// pass on only what belongs to it. It is safe for concurrent use, before, while and after the pipelines run, and
// panics if a source is nil.
func Handler(sources ...Source) http.Handler {
	h := &handler{}
	for _, s := range sources {
		if s == nil {
			panic("live: Handler: a source is nil")
		}
		h.views = append(h.views, &view{source: s})
	}
	return h
}

type handler struct{ views []*view }

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", policy)
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	name, ok := below(r)
	switch {
	case !ok:
		http.NotFound(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "405 method not allowed", http.StatusMethodNotAllowed)
	case name == "":
		header.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page) // who asked may be gone
	default:
		h.report(w, r)
	}
}

func (h *handler) report(w http.ResponseWriter, r *http.Request) {
	names := r.URL.Query()["pipeline"]
	all := Report{Pipelines: []Picture{}}
	for _, v := range h.views {
		p := v.look()
		if len(names) == 0 || slices.Contains(names, p.Name) {
			all.Pipelines = append(all.Pipelines, p)
		}
	}
	if len(names) > 0 && len(all.Pipelines) == 0 {
		http.Error(w, "404 no such pipeline", http.StatusNotFound)
		return
	}
	text, err := json.Marshal(all)
	if err != nil {
		http.Error(w, "500 the figures are no JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(text, '\n')) // who asked may be gone
}

// below returns what a request asks for below the handler's path: "" for the page, or stats.json.
func below(r *http.Request) (name string, ok bool) {
	name = r.URL.Path
	_, pattern, known := strings.Cut(r.Pattern, "/")
	mount := "/" + pattern[:strings.LastIndexByte(pattern, '/')+1]
	switch {
	case known && !strings.Contains(mount, "{"):
		if rest, under := strings.CutPrefix(name, mount); under {
			name = rest
		} else { // StripPrefix took it away
			name = strings.TrimPrefix(name, "/")
		}
	default:
		name = name[strings.LastIndexByte(name, '/')+1:]
	}
	return name, name == "" || name == "stats.json"
}
