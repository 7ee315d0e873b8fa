package stages_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// The filter stands in front of whatever keeps or sends spans.
func ExampleRedact() {
	p := pipeline.New(pipeline.Config{})
	spans := pipeline.From(p, source.Slice(&span.Span{
		TraceID: "t1", ID: "s1",
		Metadata: `{"userId":"u7","api_key":"abc"}`,
		Input:    `{"text":"connect to postgres://app:hunter2@db/prod"}`,
	}))
	clean := pipeline.Via(spans, stages.Redact(stages.RedactConfig{}))
	pipeline.To(clean, sink.Each(func(s *span.Span) { fmt.Println(s.Metadata, s.Input) }))
	fmt.Println(p.Run(context.Background()))
	// Output:
	// {"userId":"u7","api_key":"[REDACTED]"} {"text":"connect to postgres://app:[REDACTED]@db/prod"}
	// <nil>
}

// Fields of one's own go to the default ones. The finder looks for what only this program knows.
func ExampleRedactConfig() {
	r, err := stages.NewRedactor(stages.RedactConfig{
		Fields: []string{"customerNumber"},
		Token:  "***",
		Finder: func(text string, found func(from, to int)) {
			if i := strings.Index(text, "case-"); i >= 0 {
				found(i, min(i+9, len(text)))
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Value(`{"customer_number":17,"password":"x","text":"see case-1234"}`, ""))
	// Output: {"customer_number":"***","password":"***","text":"see ***"}
}

// A redactor is for what travels beside the pipeline, too: logs, scores, feedback.
func ExampleNewRedactor() {
	r, err := stages.NewRedactor(stages.RedactConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Text("GET https://ada:hunter2@example.com/", ""))
	fmt.Println(r.Value(`{"tool":"search","arguments":"{\"token\":\"abc\",\"limit\":5}"}`, ""))
	fmt.Println(r.Failed(), "values could not be redacted")
	// Output:
	// GET https://ada:[REDACTED]@example.com/
	// {"tool":"search","arguments":"{\"token\":\"[REDACTED]\",\"limit\":5}"}
	// 0 values could not be redacted
}

func ExampleRedactor() {
	r, err := stages.NewRedactor(stages.RedactConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	s := &span.Span{Attributes: `{"usage":{"promptTokens":12},"headers":{"Authorization":"Basic eDp5"}}`}
	r.Span(s)
	fmt.Println(s.Attributes)
	// Output: {"usage":{"promptTokens":12},"headers":{"Authorization":"[REDACTED]"}}
}

// A style decides how much is still to be seen.
func ExampleRedactStyle() {
	for _, style := range []stages.RedactStyle{stages.RedactFull, stages.RedactPartial, stages.RedactIndexed} {
		r, err := stages.NewRedactor(stages.RedactConfig{Style: style})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(r.Value(`[{"apiKey":"abcdefgh"},{"apiKey":"12345678"},{"apiKey":"abcdefgh"}]`, "trace"))
	}
	// Output:
	// [{"apiKey":"[REDACTED]"},{"apiKey":"[REDACTED]"},{"apiKey":"[REDACTED]"}]
	// [{"apiKey":"abc…fgh"},{"apiKey":"123…678"},{"apiKey":"abc…fgh"}]
	// [{"apiKey":"[APIKEY_1]"},{"apiKey":"[APIKEY_2]"},{"apiKey":"[APIKEY_1]"}]
}

// What is looked for in all text can be chosen.
func ExampleRedactFinds() {
	for _, find := range []stages.RedactFinds{stages.FindEmails, stages.FindKeys | stages.FindCards, stages.FindNothing} {
		r, err := stages.NewRedactor(stages.RedactConfig{Find: find})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(r.Text("ada@example.com paid with 4111 1111 1111 1111", ""))
	}
	// Output:
	// [REDACTED] paid with 4111 1111 1111 1111
	// ada@example.com paid with [REDACTED]
	// ada@example.com paid with 4111 1111 1111 1111
}
