package stages_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// prose is what prompts and answers are made of.
const prose = `You are a travel assistant. The traveller wants to see Lisbon in three days, on foot where that is possible, and ` +
	`would rather miss a museum than a good lunch.
Rules:
- Ask for the budget first; answer in the traveller's language.
- Use the tool "search_places" with {"city": "...", "kind": "food|view|museum"} before you recommend anything.
- Prices are per person (EUR), e.g. 12.50; a day pass is 6.80 (see https://example.com/transport/tickets?lang=en#day).
Day 1 starts at the river. Walk from Cais do Sodré up to the Miradouro de Santa Catarina (25 minutes, steep), where the ` +
	`kiosk opens at 10:00. B. asked whether the lift (Elevador da Bica) runs on Sundays: it does, since 2024-03-01.
`

// values are like those of the spans of agents.
func benchValues(tb testing.TB) map[string]span.Value {
	tb.Helper()
	text := strings.Repeat(prose, 12)
	value := func(v any) span.Value {
		out, err := json.Marshal(v)
		if err != nil {
			tb.Fatal(err)
		}
		parsed, err := span.ParseValue(string(out))
		if err != nil {
			tb.Fatal(err)
		}
		return parsed
	}
	type object = map[string]any
	messages := []object{{"role": "system", "content": text}, {"role": "user", "content": prose[:200]}, {"role": "assistant", "content": text[300:4000]}}
	places := []object{}
	for range 60 {
		places = append(places, object{"id": "6f1f3c8e-7c7b-4d0e-9a39-5a0d8b0f9f11", "name": "Miradouro de Santa Catarina", "score": 0.93125,
			"tags": []string{"view", "kiosk"}, "openingHours": "10:00-24:00", "promptTokens": 128, "url": "https://example.com/places/6f1f3c8e"})
	}
	inner, err := json.Marshal(object{"places": places, "cursor": nil})
	if err != nil {
		tb.Fatal(err)
	}
	return map[string]span.Value{
		"messages":   value(object{"messages": messages, "temperature": 0.2}),
		"structured": value(object{"places": places}),
		"nested":     value(object{"role": "tool", "content": string(inner)}),
		"secrets": value(object{"headers": object{"authorization": "Bearer x", "accept": "*/*"}, "apiKey": "x",
			"messages": []object{{"role": "user", "content": text + " my key is " + "gh" + "p_" + strings.Repeat("a1B2", 9) + "\n" + text}}}),
		"base64": value(object{"image": "data:image/png;base64," + strings.Repeat("iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4/8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg", 150)}),
	}
}

// BenchmarkRedact is one goroutine. MB/s are those of the values that go in.
func BenchmarkRedact(b *testing.B) {
	r := redactor(b, stages.RedactConfig{})
	values := benchValues(b)
	for _, name := range []string{"messages", "structured", "nested", "secrets", "base64"} {
		v := values[name]
		b.Run("value="+name, func(b *testing.B) {
			b.SetBytes(int64(len(v)))
			b.ReportAllocs()
			for b.Loop() {
				r.Value(v, "")
			}
		})
	}
	b.Run("span", func(b *testing.B) {
		s := &span.Span{TraceID: "0af7651916cd43dd8448eb211c80319c", ID: "b7ad6b7169203331", Name: "agent run: travel", Type: span.TypeModelGeneration,
			Start:      time.Date(2026, 11, 22, 16, 8, 8, 0, time.UTC),
			Attributes: `{"model":"gpt","usage":{"inputTokens":1200,"outputTokens":310},"parameters":{"temperature":0.2}}`,
			Metadata:   `{"userId":"u-17","threadId":"6f1f3c8e-7c7b-4d0e-9a39-5a0d8b0f9f11"}`,
			Input:      values["messages"], Output: values["structured"]}
		s.Freeze()
		b.SetBytes(int64(s.Size()))
		b.ReportAllocs()
		for b.Loop() {
			r.Span(s)
		}
	})
}
