package serve

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/server/api"
	"github.com/tailrace-go/tailrace/span"
)

// The account goes from the exporter to the store: what the exporter says it accepted and delivered is in the server's
// answer, after the exporter has ended too, and it equals what the server received.
func TestTheExportersAccountArrives(t *testing.T) {
	url, stop := start(t, Config{Nobody: "yours"})
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	e, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		TracesEndpoint: url, AccessToken: "demo", IgnoreEnv: true, MaxBatchSize: 5, Instance: "checkout-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	const spans = 20
	for i := range spans {
		s := &span.Span{TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", ID: span.ID("00f067aa0ba902b" + string("0123456789abcdef"[i%16])), Name: "step", Start: time.Now()}
		if i >= 16 {
			s.TraceID = "5bf92f3577b34da6a3ce929d0e0e4736"
		}
		if err := e.Export(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/pipeline", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Exporters []api.Exporter `json:"exporters"`
		Store     struct{ Received int64 }
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Exporters) != 1 {
		t.Fatalf("%s", text)
	}
	x := got.Exporters[0]
	if x.Instance != "checkout-1" || x.Accepted != spans || x.Delivered != spans || x.Queued != 0 || got.Store.Received != spans || time.Since(x.LastSeen) > time.Minute {
		t.Errorf("%+v, received %d", x, got.Store.Received)
	}
}
