package otel_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/span"
)

// The examples of an agent ask this model. It wants to know the weather before it answers.
func startModel() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Messages []message }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		a := answer{Tool: "weather", Arguments: `{"city":"Oslo"}`, InputTokens: 21, OutputTokens: 8}
		if last := request.Messages[len(request.Messages)-1]; last.Role == "tool" {
			a = answer{Text: "Take an umbrella: " + last.Content + ".", InputTokens: 40, OutputTokens: 9}
		}
		_ = json.NewEncoder(w).Encode(a)
	}))
}

type message struct {
	Role, Content string
}

// answer is a text, or the tool that the model wants to be called.
type answer struct {
	Text, Tool, Arguments     string
	InputTokens, OutputTokens int
}

func ask(ctx context.Context, url string, messages []message) (a answer, err error) {
	body, err := json.Marshal(map[string]any{"messages": messages})
	if err != nil {
		return a, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return a, err
	}
	defer func() { _ = response.Body.Close() }()
	err = json.NewDecoder(response.Body).Decode(&a)
	return a, err
}

// weather is the agent's tool.
func weather(string) string { return "rain in Oslo" }

// printTraces prints what has arrived as trees.
func printTraces(arrived *observability.Memory) {
	seen, depth := map[span.TraceID]bool{}, map[span.ID]int{}
	for _, s := range arrived.Spans() {
		if seen[s.TraceID] {
			continue
		}
		seen[s.TraceID] = true
		for _, s := range arrived.Trace(s.TraceID) {
			depth[s.ID] = depth[s.ParentID] + 1
			line := strings.Repeat("  ", depth[s.ID]-1) + string(s.Type) + " " + s.Name
			if usage := s.CountedTokens(false); usage.Total > 0 {
				line += fmt.Sprintf(", %d tokens", usage.Total)
			}
			fmt.Println(line + what(" ← ", s.Input) + what(" → ", s.Output))
		}
	}
}

func what(arrow string, v span.Value) string {
	if v.IsNull() {
		return ""
	}
	return arrow + string(v)
}
