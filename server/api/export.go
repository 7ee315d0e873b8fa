package api

import (
	"bufio"
	"iter"
	"net/http"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// exportOperations hand out whole traces as files.
func (a *API) exportOperations() []operation {
	return []operation{{
		Route: access.Route{Method: http.MethodGet, Path: "/api/projects/{p}/traces/{id}/export", Need: access.Read},
		id:    "exportTrace", topic: "traces", summary: "Returns a trace with all its spans as a file",
		query: []parameter{{
			name: "format", kind: "string", choices: []string{"json", "otlp", "html"},
			about: "json (unless given): the records of Mastra 1.x, with times in milliseconds, which tailrace send takes; otlp: OTLP/JSON; html: one page to read offline",
		}},
		media: "*/*", do: a.exportTrace, missing: noTrace, endless: true,
	}}
}

// exporter writes a trace in one format.
type exporter interface {
	open(b []byte) []byte
	append(b []byte, s *store.FullSpan) ([]byte, error)
	close(b []byte) []byte
}

func (a *API) exportTrace(c *call) (any, error) {
	id, err := c.trace()
	if err != nil {
		return nil, err
	}
	var e exporter
	suffix, media := ".json", "application/json; charset=utf-8"
	switch c.query.Get("format") {
	case "otlp":
		e, suffix = &otlpFile{}, ".otlp.json"
	case "html":
		k, err := a.cfg.Store.Trace(c.ctx(), c.project(), id, store.TraceOptions{})
		if err != nil {
			return nil, err
		}
		e, suffix, media = &htmlFile{trace: k}, ".html", "text/html; charset=utf-8"
	default:
		e = &mastraFile{}
	}
	h := c.w.Header()
	headers := func() {
		h.Set("Content-Type", media)
		h.Set("Content-Disposition", `attachment; filename="trace-`+string(id)+suffix+`"`)
		h.Set("Cache-Control", "no-store")
	}
	return answered{}, export(c.w, headers, e, a.cfg.Store.Spans(c.ctx(), c.project(), id))
}

// exportPiece is how much of a file is kept before it is written.
const exportPiece = 64 << 10

// export writes a file as the spans come. An error before the first span is the caller's to answer; one after it cuts
// the connection, so that nobody takes half a file for a whole one.
func export(w http.ResponseWriter, headers func(), e exporter, spans iter.Seq2[*store.FullSpan, error]) (err error) {
	out := bufio.NewWriterSize(patient{w}, exportPiece)
	begun := false
	var buf []byte
	for s, err := range spans {
		if err == nil && !begun {
			headers()
			buf = e.open(buf)
		}
		if err == nil {
			buf, err = e.append(buf, s)
		}
		if err != nil {
			if begun {
				panic(http.ErrAbortHandler)
			}
			h := w.Header()
			h.Del("Content-Disposition")
			return err
		}
		begun = true
		if _, err := out.Write(buf); err != nil {
			panic(http.ErrAbortHandler)
		}
		buf = buf[:0]
	}
	if !begun {
		return store.ErrNotFound
	}
	if _, err := out.Write(e.close(buf)); err != nil || out.Flush() != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// patient gives a client time for each piece.
type patient struct{ w http.ResponseWriter }

func (p patient) Write(b []byte) (int, error) {
	extend(p.w)
	return p.w.Write(b)
}

// mastraFile is {"spans":[…]} with records of Mastra 1.x.
type mastraFile struct{ n int }

func (f *mastraFile) open(b []byte) []byte { return span.V1.AppendOpen(b) }

func (f *mastraFile) append(b []byte, s *store.FullSpan) ([]byte, error) {
	b, err := span.V1.AppendItem(b, s.Span, f.n == 0)
	f.n++
	return b, err
}

func (f *mastraFile) close(b []byte) []byte { return append(span.V1.AppendClose(b), '\n') }
