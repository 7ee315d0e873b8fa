package observability_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
)

// traced is a tracer whose spans go to a collector, the whole way.
func traced(t *testing.T, c *sinktest.Collector) (s *scene, cloud *rig, arrived func() []string) {
	t.Helper()
	cloud = start(t, c, observability.CloudExporterConfig{})
	s = observe(t, func(i *observability.Instance) {
		i.Exporters = []observability.Exporter{cloud}
		i.SensitiveData = &observability.SensitiveData{Off: true} // it would blank what looks like a secret
	})
	return s, cloud, func() (records []string) {
		t.Helper()
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		cloud.account(pipeline.Ledger{})
		for _, r := range c.Records() {
			if !json.Valid(r.JSON) || !utf8.Valid(r.JSON) {
				t.Errorf("not valid: %q", r.JSON)
			}
			records = append(records, string(r.JSON))
		}
		return records
	}
}

// Wherever a program puts a text, it arrives, as valid JSON: what is no text is replaced, and whatever is stays.
func TestTextsArriveAsValidJSON(t *testing.T) {
	const mark = "\uFFFD"
	for name, c := range map[string]struct{ text, want string }{
		"bytes that are no UTF-8":  {"a\xff\xc3(b", "a" + mark + mark + "(b"},
		"a surrogate in UTF-8":     {"a\xed\xa0\x80b", "a" + mark + mark + mark + "b"},
		"a text that is cut short": {"a\xf0\x9f\x94", "a" + mark + mark + mark},
		"NUL":                      {"a\x00b", "a\x00b"},
		"line ends of Unicode":     {"a\u2028\u2029b", "a\u2028\u2029b"},
		"bidi controls":            {"a\u202e\u2066\u200fb", "a\u202e\u2066\u200fb"},
	} {
		t.Run(name, func(t *testing.T) {
			before, wrong := span.Replaced(), uint64(strings.Count(c.want, mark))
			bubble(t, func(t *testing.T, collector *sinktest.Collector) {
				s, _, arrived := traced(t, collector)
				_, one := s.tracer.Start(t.Context(), c.text, span.AgentRun{Instructions: c.text, AvailableTools: []string{c.text}},
					observability.WithTags(c.text), observability.WithMetadata(map[string]any{"k " + c.text: c.text}),
					observability.WithEntity(span.EntityTool, c.text, c.text), observability.WithInput(c.text))
				one.SetOutput(map[string]any{c.text: []any{c.text, []string{c.text}, ownText{&c.text}}})
				one.Error(fmt.Errorf("%s", c.text))
				one.End()
				records := arrived()
				if len(records) != 1 {
					t.Fatalf("%d spans arrived", len(records))
				}
				var record any
				if err := json.Unmarshal([]byte(records[0]), &record); err != nil {
					t.Fatal(err)
				}
				found := map[string]int{}
				visit(record, func(text string) { found[text]++ })
				// The name, two of the entity, two attributes, metadata, input, a key and three values of output, a message, a tag.
				if found[c.want] != 13 || found["k "+c.want] != 1 {
					t.Errorf("%q is there %d times, and in a key %d times: %s", c.want, found[c.want], found["k "+c.want], records[0])
				}
			})
			if n := span.Replaced() - before; n < 14*wrong || wrong == 0 && n > 0 {
				t.Errorf("%d were replaced in 14 texts with %d in each", n, wrong)
			}
		})
	}
	bubble(t, func(t *testing.T, collector *sinktest.Collector) {
		s, _, arrived := traced(t, collector)
		_, one := s.tracer.Start(t.Context(), "one", nil, observability.WithInput(span.Value(`{"\udc00":"\ud83d\ud83d\ude00"}`)))
		one.End()
		if records := arrived(); len(records) != 1 || !strings.Contains(records[0], `"input":{"`+mark+`":"`+mark+`\ud83d\ude00"}`) {
			t.Errorf("%s", records)
		}
	})
	faults.Happened(t, "input.utf8", "U+FFFD in place of each byte, or half of a pair, in names, keys, values, tags and errors; every record valid JSON. counted by span.Replaced and CloudStats.Replaced")
	faults.Happened(t, "input.controls", "NUL escaped, the others as they are, in names, keys, values, tags and errors; every record valid JSON")
}

// visit calls f with each key and each text in a value.
func visit(v any, f func(string)) {
	switch v := v.(type) {
	case string:
		f(v)
	case []any:
		for _, e := range v {
			visit(e, f)
		}
	case map[string]any:
		for key, e := range v {
			f(key)
			visit(e, f)
		}
	}
}

func TestNumbersArriveByRule(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		s, _, arrived := traced(t, c)
		values := []any{math.NaN(), math.Inf(1), float32(math.Inf(-1)), math.Copysign(0, -1), 1<<53 + 1, int64(math.MinInt64), uint64(math.MaxUint64), 5e-324}
		_, one := s.tracer.Start(t.Context(), "one", span.ModelGeneration{Parameters: &span.ModelParameters{Temperature: new(math.NaN())}}, observability.WithInput(values))
		one.End()
		_, two := s.tracer.Start(t.Context(), "two", nil)
		two.End()
		records := arrived()
		const want = `"input":[null,null,null,-0,9007199254740993,-9223372036854775808,18446744073709551615,5e-324]`
		if len(records) != 2 || !strings.Contains(strings.Join(records, ""), want) || len(c.Requests()) != 1 {
			t.Errorf("%s in %d requests, want %s", records, len(c.Requests()), want)
		}
	})
	faults.Happened(t, "input.numbers", "NaN and ±Inf are null, the others keep sign and digits; the batch delivered whole")
}

func TestDepthIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		s, _, arrived := traced(t, c)
		list, object := any(1), any(1)
		for range 10_000 {
			list, object = []any{list}, map[string]any{"a": object}
		}
		deep := span.Value(strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000))
		_, one := s.tracer.Start(t.Context(), "one", nil, observability.WithInput(list), observability.WithMetadata(map[string]any{"m": deep}))
		one.SetOutput(object)
		one.End()
		records := arrived()
		for _, want := range []string{
			`"input":` + strings.Repeat("[", 64) + `"[MaxDepth]"` + strings.Repeat("]", 64),
			`"output":` + strings.Repeat(`{"a":`, 64) + `"[MaxDepth]"` + strings.Repeat("}", 64),
			`"m":"[MaxDepth]"`,
		} {
			if len(records) != 1 || !strings.Contains(records[0], want) {
				t.Errorf("%.2000s\nwant %s in it", records, want)
			}
		}
	})
	faults.Happened(t, "input.depth", "64 deep, then [MaxDepth]; delivered")
}

// What a tracer is given is its maker's again as soon as the call has returned. The race detector looks on.
func TestWhatWasGivenMayChange(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		s, cloud, arrived := traced(t, c)
		for range 100 {
			inner := []any{"as it was"}
			m := map[string]any{"a": inner, "b": map[string]int{"n": 1}}
			tags := []string{"as it was"}
			_, one := s.tracer.Start(t.Context(), "one", nil, observability.WithInput(m), observability.WithMetadata(m), observability.WithTags(tags...))
			one.SetOutput(&m)
			one.End()
			inner[0], tags[0] = "changed", "changed"
			m["b"].(map[string]int)["n"] = 2
			clear(m)
			tags = []string{"as it was"}
			given := &span.Span{TraceID: "t", ID: span.NewID(), Tags: tags, Extra: []span.Field{{Key: "k", Value: `"as it was"`}}, Error: &span.Error{Message: "as it was"}}
			cloud.export(given)
			tags[0], given.Extra[0].Value, given.Error.Message = "changed", `"changed"`, "changed"
		}
		records := arrived()
		if len(records) != 200 {
			t.Errorf("%d of 200 arrived", len(records))
		}
		for _, record := range records {
			if strings.Contains(record, "changed") || !strings.Contains(record, "as it was") || strings.Contains(record, `"n":2`) {
				t.Errorf("%s", record)
			}
		}
	})
	faults.Happened(t, "input.map-race", "maps, lists, pointers, tags and spans that change after the call: 100 of each arrive as they were; no report of the race detector")
}

// An odd span is taken as it is, or it fails alone: those around it, in the same batch, arrive.
func TestOddSpans(t *testing.T) {
	whole := func(change func(s *span.Span)) *span.Span {
		s := &span.Span{
			TraceID: span.NewTraceID(), ID: span.NewID(), Name: "one", Type: span.TypeToolCall,
			Start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 1, 1, 0, 0, 1, 0, time.UTC),
		}
		change(s)
		return s
	}
	year := func(year int) func(s *span.Span) {
		return func(s *span.Span) {
			s.Start = time.Date(year, 1, 1, 0, 0, 0, 1e6, time.UTC)
			s.End = s.Start
		}
	}
	many := func(n int) map[string]any {
		m := map[string]any{}
		for i := range n {
			m[fmt.Sprintf("key %05d", i)] = i
		}
		return m
	}
	for id, c := range map[string]struct {
		taken    []*span.Span
		with     string // in each that is taken
		failed   []*span.Span
		happened string
	}{
		"input.id-none": {failed: []*span.Span{
			whole(func(s *span.Span) { s.TraceID = "" }), whole(func(s *span.Span) { s.ID = "" }),
		}, happened: "2 failed: encode, the others of their batch delivered"},
		"input.id-odd": {taken: []*span.Span{
			whole(func(s *span.Span) { s.TraceID = span.TraceID(strings.Repeat("0", 32)) }), whole(func(s *span.Span) { s.ID = "0000000000000000" }),
			whole(func(s *span.Span) { s.TraceID = "abc" }), whole(func(s *span.Span) { s.TraceID, s.ID = "ABC", "7" }), whole(func(s *span.Span) { s.ID = "no-op" }),
		}, happened: "5 delivered as they are"},
		"input.end-before-start": {taken: []*span.Span{
			whole(func(s *span.Span) { s.End = s.Start.Add(-time.Hour) }),
		}, with: `"startedAt":"2026-01-01T00:00:00.000Z","endedAt":"2025-12-31T23:00:00.000Z"`, happened: "delivered with both dates; its duration is 0"},
		"input.years": {
			taken:    []*span.Span{whole(year(1)), whole(year(9999))},
			failed:   []*span.Span{whole(year(0)), whole(year(10000)), whole(year(-1))},
			happened: "2 delivered, 3 failed: encode, the others of their batch delivered",
		},
		"input.attributes-10000": {taken: []*span.Span{
			whole(func(s *span.Span) { s.SetAttributes(span.Custom{Type: s.Type, Values: span.Of(many(10_000))}) }),
		}, with: `"key 09999":9999`, happened: "delivered; a tracer that is given 10,001 writes 10,000 and how many are left out"},
		"input.duplicate-keys": {taken: []*span.Span{
			whole(func(s *span.Span) { s.Input = `{"a":1,"a":2}` }),
		}, with: `"input":{"a":1,"a":2}`, happened: "delivered as it is; Value.Get finds the last"},
		"input.no-name": {taken: []*span.Span{
			whole(func(s *span.Span) { s.Name = "" }),
		}, with: `"name":""`, happened: "delivered"},
	} {
		t.Run(id, func(t *testing.T) {
			bubble(t, func(t *testing.T, collector *sinktest.Collector) {
				r := start(t, collector, observability.CloudExporterConfig{})
				r.export(slices.Concat([]*span.Span{numbered(0)}, c.failed, c.taken, []*span.Span{numbered(1)})...)
				err := r.shutdown(time.Minute)
				taken, failed := int64(len(c.taken)), int64(len(c.failed))
				r.account(pipeline.Ledger{Accepted: 2 + taken + failed, Delivered: 2 + taken, Failed: failed})
				if (err != nil) != (failed > 0) || r.reason(pipeline.ReasonEncode) != failed {
					t.Errorf("%v, losses %v", err, r.Stats().Losses)
				}
				records := map[string]string{}
				for _, record := range collector.Records() {
					records[record.TraceID+" "+record.SpanID] = string(record.JSON)
				}
				for _, s := range c.taken {
					if record := records[string(s.TraceID)+" "+string(s.ID)]; record == "" || !strings.Contains(record, c.with) {
						t.Errorf("%q of %q arrived as %.300s", s.ID, s.TraceID, record)
					}
				}
				if n := len(collector.Requests()); n != 1 {
					t.Errorf("%d requests", n)
				}
			})
			faults.Happened(t, id, "%s", c.happened)
		})
	}
	if s := whole(func(s *span.Span) { s.End = s.Start.Add(-time.Hour) }); s.Duration() != 0 {
		t.Errorf("a duration of %v", s.Duration())
	}
	if got := span.Value(`{"a":1,"a":2}`).Get("a"); got != "2" {
		t.Errorf("a is %s", got)
	}
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		s, _, arrived := traced(t, c)
		_, one := s.tracer.Start(t.Context(), "one", nil, observability.WithInput(many(10_001)))
		one.End()
		if records := arrived(); len(records) != 1 || !strings.Contains(records[0], `"key 09999":9999,"__truncated":"1 more keys omitted"}`) {
			t.Errorf("%d records", len(records))
		}
	})
}

func TestNoSpansNoRequest(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		time.Sleep(time.Hour)
		if err := r.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		r.stop()
		synctest.Wait()
		if n := len(c.Requests()); n != 0 {
			t.Errorf("%d requests", n)
		}
	})
	faults.Happened(t, "input.no-spans", "an hour, a Flush and a Shutdown without spans: 0 requests")
}
