package observability_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
)

// TestFlaw12OneValueCostsNoBatch: what JSON cannot say, a cycle or a number that JavaScript has no room for, costs
// neither its span nor those beside it.
func TestFlaw12OneValueCostsNoBatch(t *testing.T) {
	collector := sinktest.Start(t, sinktest.Config{})
	cloud, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		AccessToken: fakeToken, Endpoint: collector.URL(), IgnoreEnv: true, Logger: quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	s := observe(t, func(i *observability.Instance) { i.Exporters = append(i.Exporters, cloud) })
	circle := map[string]any{}
	circle["self"] = circle
	for _, value := range []any{1, circle, new(big.Int).Lsh(big.NewInt(1), 100), make(chan int), "good"} {
		_, one := s.tracer.Start(t.Context(), "one", span.ToolCall{}, observability.WithInput(value))
		one.End()
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if l := collector.Ledger(); l.Stored != 5 || len(collector.Requests()) != 1 {
		t.Errorf("%d of 5 spans in %d requests", l.Stored, len(collector.Requests()))
	}
}

// TestFlaw26EverythingThatLeavesIsFiltered: spans, their events, names, tags and errors, and what is below them.
func TestFlaw26EverythingThatLeavesIsFiltered(t *testing.T) {
	const key = "ghp_" + "aB3dE5fG7hI9jK1lM2nO4pQ6rS8tU0vW2xY4" // of no account
	s := observe(t, nil)
	ctx, one := s.tracer.Start(t.Context(), "call with "+key, span.AgentRun{Instructions: "use " + key}, observability.WithTags(key),
		observability.WithInput(`{"nested":"{\"auth\":\"`+key+`\"}"}`), observability.WithMetadata(map[string]any{"token": 1234}))
	one.Event("event "+key, span.ModelChunk{}, key)
	one.Error(errors.New("refused: " + key))
	_, child := s.tracer.Start(ctx, "child", span.ToolCall{}, observability.WithEntity(span.EntityTool, "tool", key))
	child.SetOutput(map[string]any{"text": key})
	child.End()
	one.End()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, one := range s.memory.Spans() {
		record, err := span.V1.AppendItem(nil, one, true)
		if err != nil || strings.Contains(string(record), key) || strings.Contains(string(record), "1234") {
			t.Errorf("%v: %s", err, record)
		}
	}
	if len(s.memory.Spans()) != 3 {
		t.Errorf("%d spans", len(s.memory.Spans()))
	}
}
