package stories

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// ManySpans is how many spans the story many-spans has.
const ManySpans = 5000

// manySpans is a nightly job over 1,224 documents in 51 batches: 5,000 spans, of which one failed, three levels below the root. The run
// itself went well, so the list shows an error inside a success. The cause is "ocr: 'scan-2019-07.pdf'", found by going to
// the next error; all else folds into rows of equal names.
var manySpans = Story{
	Name:  "many-spans",
	Title: "One failure among 5,000 spans",
	Cause: "ocr: 'scan-2019-07.pdf'",
	Hint:  "One document of 1,224 could not be read. The run went on and says success.",
	Trace: func(now time.Time, random *rand.Rand) []*span.Span {
		const (
			batches   = 51
			documents = 24 // of a batch, four spans each
			bad       = 33 // the batch with the page that nobody can read
		)
		t := tell(random, now.Add(-45*time.Minute), about{
			Service: "docs-indexer", Environment: "production", User: "cron", Thread: "thread-nightly", Release: "2026.11.2",
		}, "sample", "story:many-spans", "nightly")
		t.spans = make([]*span.Span, 0, ManySpans)
		stored := span.Of(object{"stored": true})
		root := t.begin(nil, "workflow run: 'reindex-documents'", span.WorkflowRun{WorkflowID: "reindex-documents", Status: "success"},
			object{"source": "s3://company-docs", "documents": batches * documents})
		for b := range batches {
			batch := t.begin(root, "workflow step: 'index-batch'", span.WorkflowStep{StepID: "index-batch", Status: "success"}, object{"batch": b, "documents": documents})
			t.do(batch, "tool: 'list-documents'", span.ToolCall{ToolID: "list-documents", ToolType: "tool", Success: new(true)}, nil, t.millis(5, 12), nil)
			for d := range documents {
				step := t.begin(batch, "index-document", span.Generic{}, span.Text(fmt.Sprintf("docs/%04d.pdf", b*documents+d)))
				t.do(step, "chunk", span.RAGAction{Action: "chunk", Strategy: "markdown", ChunkSize: new(800), ChunkOverlap: new(80)}, nil, t.millis(1, 6), nil)
				if b == bad && d == documents/2 {
					t.fail(t.begin(step, "ocr: 'scan-2019-07.pdf'", span.Generic{}, object{"file": "contracts/scan-2019-07.pdf", "pages": 3, "dpi": 72}), 4200*time.Millisecond, span.Error{
						Message: "page 2 of contracts/scan-2019-07.pdf cannot be read: 72 dpi, the least is 150", ID: "OCR_FAILED", Domain: "TOOL", Category: "THIRD_PARTY", Name: "OcrError",
						Details: span.Of(object{"page": 2, "dpi": 72, "minDpi": 150}),
					})
				}
				tokens := 200 + t.random.IntN(600)
				t.do(step, "embed", span.RAGEmbedding{
					Model: embedder.id, Provider: embedder.provider, Mode: "ingest", Usage: &span.Usage{InputTokens: &tokens},
				}, nil, t.millis(20, 90), nil)
				t.do(step, "upsert", span.RAGVectorOperation{Operation: "upsert", Store: "pgvector", IndexName: "docs"}, nil, t.millis(2, 9), nil)
				t.end(step, 0, stored)
			}
			t.end(batch, time.Millisecond, nil)
		}
		t.end(root, time.Millisecond, object{"status": "success", "indexed": batches*documents - 1, "skipped": 1})
		return t.told()
	},
}
