package otlp_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

func spanOfID(id span.ID) *span.Span {
	return &span.Span{TraceID: "5b8efff798038103d269b633813fc60c", ID: id, Name: "work", Type: span.TypeGeneric, Start: time.Unix(7, 0), End: time.Unix(8, 0)}
}

// sent runs a pipeline that sends three spans as one body to c, and returns its ledger.
func sent(t *testing.T, c *sinktest.Collector, f otlp.Format, list ...*span.Span) (pipeline.Ledger, error) {
	t.Helper()
	emitter := source.NewEmitter[*span.Span](source.EmitterConfig{})
	p := pipeline.New(pipeline.Config{})
	batches := pipeline.Via(pipeline.From(p, emitter), stages.Batch[*span.Span](stages.BatchConfig{MaxItems: 10}))
	bodies := pipeline.Via(batches, stages.Encode(otlp.Codec{Format: f}, stages.EncodeConfig{}))
	packed := pipeline.Via(bodies, stages.Compress(stages.Gzip))
	pipeline.To(packed, otlp.NewHTTP(otlp.HTTPConfig{
		Endpoint: c.URL() + "/base/", Format: f, Sink: sink.HTTPConfig{DialContext: c.DialContext},
	}).Sink())
	for _, s := range list {
		if err := emitter.Emit(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan error)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- p.Run(ctx) }()
	if err := p.Flush(t.Context()); err != nil { // before the end, which has everything tried again at once
		t.Error(err)
	}
	cancel()
	err := <-done
	return p.Ledger(), err
}

func three() []*span.Span { return []*span.Span{spanOfID("1"), spanOfID("2"), spanOfID("3")} }

// The classes of OTLP: 429, 502, 503 and 504 are tried again when Retry-After says, all else has failed at once.
func TestTheSenderDoesWhatOTLPAsks(t *testing.T) {
	for _, f := range formats {
		for status, again := range map[int]bool{400: false, 401: false, 404: false, 500: false, 429: true, 502: true, 503: true, 504: true} {
			synctest.Test(t, func(t *testing.T) {
				c := sinktest.StartPipe(t, sinktest.Config{})
				began, server := time.Now(), &collector{}
				c.Script(sinktest.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Retry-After", "7")
					w.Header().Set("Content-Type", f.ContentType())
					w.WriteHeader(status)
					_, _ = w.Write(otlp.Status(f, status, "in words"))
				})))
				c.Set(sinktest.Handler(server))
				l, err := sent(t, c, f, three()...)
				took := time.Since(began)
				if again && (err != nil || l.Delivered != 3 || len(server.items) != 3 || took < 7*time.Second || took > 10*time.Second) {
					t.Errorf("%s %d: %+v, %v, %d spans after %v", f, status, l, err, len(server.items), took)
				}
				if !again && (l.Failed != 3 || len(server.items) != 0 || took > time.Second || !strings.Contains(err.Error(), "in words")) {
					t.Errorf("%s %d: %+v, %v after %v", f, status, l, err, took)
				}
			})
		}
	}
}

// What a partial success rejects has failed, and the rest is delivered.
func TestTheSenderCountsWhatIsRejected(t *testing.T) {
	for _, f := range formats {
		synctest.Test(t, func(t *testing.T) {
			c := sinktest.StartPipe(t, sinktest.Config{})
			c.Set(sinktest.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", f.ContentType())
				_, _ = w.Write(otlp.Response(f, 2, "two of them"))
			})))
			l, err := sent(t, c, f, three()...)
			var loss *pipeline.LossError
			if l.Delivered != 1 || l.Failed != 2 || !errors.As(err, &loss) || loss.Losses[0].Reason != pipeline.ReasonRejected || !strings.Contains(err.Error(), "two of them") {
				t.Errorf("%s: %+v, %v", f, l, err)
			}
		})
	}
}

// A body is cut where its endpoint finds it too large, and a span that OTLP cannot carry fails alone, under its reason.
func TestBodiesAreCutAndABadSpanFailsAlone(t *testing.T) {
	for _, f := range formats {
		synctest.Test(t, func(t *testing.T) {
			c := sinktest.StartPipe(t, sinktest.Config{})
			server := &collector{}
			c.Set(sinktest.Handler(server))
			c.Script(sinktest.Status(413))
			bad := spanOfID("9")
			bad.TraceID = span.NoOpTraceID
			l, err := sent(t, c, f, append(three(), bad)...)
			var loss *pipeline.LossError
			if l.Delivered != 3 || l.Failed != 1 || server.calls != 2 || len(server.items) != 3 || !errors.As(err, &loss) || loss.Losses[0].Reason != "no_op" {
				t.Errorf("%s: %+v, %v: %d spans in %d bodies", f, l, err, len(server.items), server.calls)
			}
		})
	}
}

func TestTheEndpointIsABaseURL(t *testing.T) {
	for _, f := range formats {
		synctest.Test(t, func(t *testing.T) {
			c := sinktest.StartPipe(t, sinktest.Config{})
			paths := make(chan string, 2)
			c.Set(sinktest.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				paths <- r.URL.Path
				(&collector{}).ServeHTTP(w, r)
			})))
			for _, cfg := range []otlp.HTTPConfig{
				{Endpoint: c.URL() + "/base", Format: f, Sink: sink.HTTPConfig{DialContext: c.DialContext}},
				{Format: f, Sink: sink.HTTPConfig{Endpoint: c.URL() + "/own", DialContext: c.DialContext}},
			} {
				if err := otlp.NewHTTP(cfg).Verify(context.Background()); err != nil {
					t.Errorf("%s: %v", f, err)
				}
			}
			if a, b := <-paths, <-paths; a != "/base/v1/traces" || b != "/own" {
				t.Errorf("%s and %s", a, b)
			}
		})
	}
	if err := otlp.NewHTTP(otlp.HTTPConfig{Endpoint: "://"}).Verify(t.Context()); !errors.Is(err, pipeline.ErrConfig) {
		t.Errorf("got %v", err)
	}
}

func TestReadAnswerReadsWhatWeWrite(t *testing.T) {
	for _, f := range formats {
		if n, text := otlp.ReadAnswer(200, f.ContentType(), otlp.Response(f, 3, "päth\n")); n != 3 || text != "päth\n" {
			t.Errorf("%s: %d %q", f, n, text)
		}
		if n, text := otlp.ReadAnswer(200, f.ContentType(), nil); n != 0 || text != "" {
			t.Errorf("%s: %d %q", f, n, text)
		}
		if n, text := otlp.ReadAnswer(503, f.ContentType(), otlp.Status(f, 503, "busy")); n != 0 || text != "busy" {
			t.Errorf("%s: %d %q", f, n, text)
		}
		if n, _ := otlp.ReadAnswer(200, f.ContentType(), []byte("\x0a\xff{")); n != 0 {
			t.Errorf("%s: %d of noise", f, n)
		}
	}
	if _, text := otlp.ReadAnswer(500, "text/plain; charset=utf-8", []byte("why")); text != "why" {
		t.Errorf("%q", text)
	}
}
