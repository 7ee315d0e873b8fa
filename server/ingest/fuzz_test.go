package ingest_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/server/ingest"
)

// Whatever comes, there is one answer that is none of our own faults, and the account adds up.
func FuzzHandler(f *testing.F) {
	g := newRig(f, ingest.Config{})
	routes := g.server.Routes()
	for _, b := range bodies {
		f.Add(0, "application/json", "", "key", captured.Body(b.file))
	}
	f.Add(1, "application/json", "gzip", "", gzipped(f, bytes.NewReader(spans(3, 0))))
	f.Add(2, "", "zstd", "", zstded(f, bytes.NewReader(spans(3, 0))))
	f.Add(len(routes)-2, "application/x-protobuf", "", "", []byte{0x0a, 0x00})
	f.Add(len(routes)-1, "application/grpc", "", "", []byte{0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, route int, contentType, encoding, key string, body []byte) {
		path := routes[uint(route)%uint(len(routes))].Path
		if path == "/{$}" {
			path = "/"
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/", bytes.NewReader(body))
		r.URL.Path = path
		r.ProtoMajor = 2 // gRPC wants it
		r.Header.Set("Authorization", "Bearer "+g.tokens["support"])
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Content-Encoding", encoding)
		r.Header.Set("Idempotency-Key", key)
		before := total(g.server.Stats())
		w := httptest.NewRecorder()
		g.http.Config.Handler.ServeHTTP(w, r)
		switch w.Code {
		case 200, 400, 413, 415:
		default:
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		g.checkLaw(t)
		if n := total(g.server.Stats()) - before; n != 1 {
			t.Errorf("%s: %d requests are counted, want 1", path, n)
		}
	})
}

func total(s ingest.Stats) (n int64) {
	for _, k := range s.Requests {
		n += k
	}
	return n
}
