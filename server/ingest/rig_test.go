package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/ingest"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/memory"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

// rig is a server on loopback with two projects, support and sales, and a token of each.
type rig struct {
	t      testing.TB
	server *ingest.Server
	store  store.Store
	db     *meta.DB
	http   *httptest.Server
	tokens map[string]string
	stop   func() error // ends Run, and returns what it returned
}

func newRig(t testing.TB, cfg ingest.Config) *rig {
	t.Helper()
	if cfg.Store == nil {
		cfg.Store = memory.New(memory.Config{})
	}
	s, err := ingest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	db, err := meta.Open(meta.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	g := &rig{t: t, server: s, store: cfg.Store, db: db, tokens: map[string]string{}}
	for _, name := range []string{"support", "sales"} {
		if _, err := db.CreateProject(t.Context(), name, store.Limits{}); err != nil {
			t.Fatal(err)
		}
		_, secret, err := db.CreateToken(t.Context(), meta.Token{Project: name, Scope: meta.ScopeIngest, Label: name + " token"})
		if err != nil {
			t.Fatal(err)
		}
		g.tokens[name] = secret
	}
	router, err := access.NewRouter(access.Config{DB: db}, s.Routes()...)
	if err != nil {
		t.Fatal(err)
	}
	g.http = httptest.NewUnstartedServer(router)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	g.http.Config.Protocols = protocols
	g.http.Start()

	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	ended := false
	g.stop = func() error {
		if ended {
			return nil
		}
		ended = true
		cancel()
		return <-done
	}
	t.Cleanup(func() {
		g.http.Close()
		if err := g.stop(); err != nil {
			t.Errorf("Run returned %v", err)
		}
		g.checkLaw(t)
		g.checkRest(t)
		if err := cfg.Store.Close(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// checkLaw checks that everything received is accounted for.
func (g *rig) checkLaw(t testing.TB) {
	t.Helper()
	stats := g.server.Stats()
	for signal, a := range stats.Signals {
		sum := a.Stored + a.Repeated
		for _, n := range a.Rejected {
			sum += n
		}
		if a.Received != sum {
			t.Errorf("%v: received %d, but stored, repeated and rejected are %d: %+v", ingest.Signal(signal), a.Received, sum, a)
		}
	}
}

// checkRest checks that no room is held when nothing moves.
func (g *rig) checkRest(t testing.TB) {
	t.Helper()
	stats := g.server.Stats()
	if stats.Bytes != 0 || stats.Reading != 0 {
		t.Errorf("at rest, %d bytes are in flight and %d arriving", stats.Bytes, stats.Reading)
	}
	if b := stats.Pipeline.Ledger.Balance(); b != 0 || stats.Pipeline.Ledger.InFlight != 0 {
		t.Errorf("the pipeline's ledger is off by %d: %+v", b, stats.Pipeline.Ledger)
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send posts a body with the token of support. Options change the request.
func (g *rig) send(path string, body []byte, options ...func(*http.Request)) answer {
	g.t.Helper()
	a, err := g.trySend(path, body, options...)
	if err != nil {
		g.t.Fatalf("%s: %v", path, err)
	}
	return a
}

func (g *rig) trySend(path string, body []byte, options ...func(*http.Request)) (answer, error) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, g.http.URL+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+g.tokens["support"])
	r.Header.Set("Content-Type", "application/json")
	for _, o := range options {
		o(r)
	}
	resp, err := g.http.Client().Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }() // read whole
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, text}, err
}

// header sets a header of a request.
func header(key, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(key, value) }
}

// as sends with the token of another project.
func (g *rig) as(project string) func(*http.Request) {
	return header("Authorization", "Bearer "+g.tokens[project])
}

// traces lists what a project has.
func (g *rig) traces(project string) []store.Summary {
	g.t.Helper()
	page, err := g.store.List(g.t.Context(), project, store.Filter{})
	if err != nil {
		g.t.Fatal(err)
	}
	return page.Traces
}

// spans is a body of n spans of one trace; no two calls with different traces share an id.
func spans(n, trace int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"spans":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		parent := "null"
		if i > 0 {
			parent = fmt.Sprintf(`"%016x"`, 1)
		}
		start := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
		fmt.Fprintf(&b, `{"traceId":"%032x","spanId":"%016x","parentSpanId":%s,"name":"step","spanType":"generic","startedAt":%q,"endedAt":%q,"isEvent":false}`,
			trace+1, i+1, parent, start, start)
	}
	b.WriteString("]}")
	return b.Bytes()
}

func equal[K, V comparable](a, b map[K]V) bool { return maps.Equal(a, b) }

// h2c is a client of HTTP/2 in clear text.
func h2c(t testing.TB) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// raw is a message of gRPC as it is.
type raw struct{ bytes []byte }

type rawCodec struct{}

func (rawCodec) Name() string                  { return "proto" }
func (rawCodec) Marshal(m any) ([]byte, error) { return m.(*raw).bytes, nil }

func (rawCodec) Unmarshal(b []byte, m any) error {
	if status, ok := m.(proto.Message); ok { // connect reads the status of a failure with it
		return proto.Unmarshal(b, status)
	}
	m.(*raw).bytes = bytes.Clone(b)
	return nil
}

func limits(depth int) intake.Limits { return intake.Limits{MaxDepth: depth} }
