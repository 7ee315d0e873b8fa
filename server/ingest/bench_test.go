package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/server/ingest"
	"github.com/tailrace-go/tailrace/server/ingest/decode"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/memory"
	"github.com/tailrace-go/tailrace/server/store/sqlite"
)

// discarding is a store that says that it has everything.
type discarding struct{ store.Store }

func (discarding) Append(_ context.Context, _ string, b *store.Batch) (store.Result, error) {
	return store.Result{Spans: make([]store.Outcome, len(b.Spans)), Records: make([]store.Outcome, len(b.Records))}, nil
}

// words is text that compresses as prompts do.
func words(rng *rand.Rand, n int) string {
	const all = "the agent should first search for a flight from Berlin to Lisbon and then ask whether the user wants a hotel near the river or close to the office since prices differ a lot this week"
	list := strings.Fields(all)
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(list[rng.IntN(len(list))])
		b.WriteByte(' ')
	}
	return b.String()[:n]
}

// workload is a body of n spans of 2 KB each, in records of 1.x.
func workload(n, trace int) []byte {
	rng := rand.New(rand.NewPCG(1, uint64(trace)))
	var b bytes.Buffer
	b.WriteString(`{"spans":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		id := fmt.Sprintf("%016x", i+1)
		head := fmt.Sprintf(`{"id":%q,"traceId":"%032x","name":"llm: gpt-5","type":"model_generation","entityType":"agent","entityId":"planner","attributes":{"model":"gpt-5","provider":"openai","usage":{"inputTokens":%d,"outputTokens":%d},"parameters":{"temperature":0.2}},"metadata":{"userId":"u%d","threadId":"t%d"},"startTime":"2026-11-22T16:08:08.809Z","endTime":"2026-11-22T16:08:09.809Z","isEvent":false,"isRootSpan":%v,"spanId":%q,"spanType":"model_generation","startedAt":"2026-11-22T16:08:08.809Z","endedAt":"2026-11-22T16:08:09.809Z","error":null,"createdAt":null,"updatedAt":null`,
			id, trace*1000+i/20+1, rng.IntN(4000), rng.IntN(900), rng.IntN(50), rng.IntN(200), i%20 == 0, id)
		rest := 2048 - len(head) - 80
		fmt.Fprintf(&b, `%s,"input":{"messages":[{"role":"user","content":%q}]},"output":{"text":%q}}`, head, words(rng, rest*2/3), words(rng, rest/3))
	}
	b.WriteString("]}")
	return b.Bytes()
}

func pack(b *testing.B, encoding string, text []byte) []byte {
	switch encoding {
	case "gzip":
		return gzipped(b, bytes.NewReader(text))
	case "zstd":
		return zstded(b, bytes.NewReader(text))
	}
	return text
}

func perSpan(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/span")
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "spans/s")
}

// BenchmarkIngest posts bodies of 1,000 spans of 2 KB over loopback, to a store that discards them, so the client is in
// the figures too. BenchmarkParts says where the server's part of them goes.
func BenchmarkIngest(b *testing.B) {
	const n = 1000
	for _, encoding := range []string{"plain", "gzip", "zstd"} {
		b.Run("encoding="+encoding, func(b *testing.B) {
			g := newRig(b, ingest.Config{Store: discarding{memory.New(memory.Config{})}})
			wire := pack(b, encoding, workload(n, 0))
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					benchPost(b, g, encoding, wire)
				}
			})
			perSpan(b, n)
		})
	}
}

func benchPost(b *testing.B, g *rig, encoding string, wire []byte) {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, g.http.URL+"/ai/spans/publish", bytes.NewReader(wire))
	if err != nil {
		b.Error(err)
		return
	}
	r.Header.Set("Authorization", "Bearer "+g.tokens["support"])
	if encoding != "plain" {
		r.Header.Set("Content-Encoding", encoding)
	}
	resp, err := g.http.Client().Do(r)
	if err != nil {
		b.Error(err)
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body) // the status says it
	_ = resp.Body.Close()
	if resp.StatusCode != 200 {
		b.Errorf("status %d", resp.StatusCode)
	}
}

// BenchmarkParts times what a worker does with one body of 1,000 spans of 2 KB.
func BenchmarkParts(b *testing.B) {
	const n = 1000
	text := workload(n, 0)
	for _, encoding := range []string{"gzip", "zstd"} {
		wire := pack(b, encoding, text)
		b.Run("unpack="+encoding, func(b *testing.B) {
			var u intake.Unpacker
			b.ReportAllocs()
			for b.Loop() {
				if _, err := u.Unpack(wire, encoding, intake.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
			perSpan(b, n)
		})
	}
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if batch, err := decode.Spans(text, intake.Limits{}); err != nil || len(batch.Items) != n {
				b.Fatal(err)
			}
		}
		perSpan(b, n)
	})
}

// BenchmarkTinyBodies sends bodies of five spans by 64 senders at once into SQLite. With one batch at a time each has a
// commit of its own; with 64, the store joins them.
func BenchmarkTinyBodies(b *testing.B) {
	for _, appenders := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("appenders=%d", appenders), func(b *testing.B) {
			s, err := sqlite.Open(sqlite.Config{Dir: b.TempDir(), RetainEvery: -1})
			if err != nil {
				b.Fatal(err)
			}
			g := newRig(b, ingest.Config{Store: s, Appenders: appenders})
			b.SetParallelism(32) // times GOMAXPROCS
			next := make(chan int, 1)
			next <- 0
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					trace := <-next
					next <- trace + 1
					benchPost(b, g, "plain", spans(5, trace))
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bodies/s")
			perSpan(b, 5)
		})
	}
}
