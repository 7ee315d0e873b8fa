package ingest_test

import (
	"testing"

	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/server/ingest"
)

func TestACapturedBodyIsStored(t *testing.T) {
	g := newRig(t, ingest.Config{})
	a := g.send("/ai/spans/publish", captured.Body("mastra-cloud-1.x.json"))
	if want := `{"accepted":18,"stored":18,"repeated":0,"rejected":{}}`; a.status != 200 || string(a.body) != want {
		t.Fatalf("%d: %s, want %s", a.status, a.body, want)
	}
	if traces := g.traces("support"); len(traces) != 1 || traces[0].Spans != 18 {
		t.Errorf("traces %+v", traces)
	}
}
