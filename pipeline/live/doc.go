// Package live shows running pipelines in a browser, and to scripts as JSON. It is mounted as net/http/pprof is:
//
//	http.Handle("/debug/pipeline/", live.Handler(spans, audit))
//	go http.ListenAndServe("localhost:6060", nil)
//
// The page at /debug/pipeline/ has the stages of each pipeline as a picture and as a table, with rates, queues, the time
// they were blocked, latencies and losses; which of them is the bottleneck, in words; the ledger, and whether it adds up.
// It is one file without anything from elsewhere, and asks for the figures each second while it can be seen.
//
// # The JSON
//
// /debug/pipeline/stats.json is a [Report]; with ?pipeline=NAME, which may be repeated, it has those pipelines alone, and
// so has the page. Keys are not renamed or removed. Durations end in _ns, shares of time are from 0 to 1.
//
//	{"pipelines": [{
//	  "name", "state": "new" | "running" | "draining" | "ended", "elapsed_ns",
//	  "ledger":       {"accepted", "made", "delivered", "filtered", "dropped", "failed", "abandoned", "spooled", "in_flight", "refused"},
//	  "dead_letters": the same, of the flows of dead letters,
//	  "bytes", "max_bytes",
//	  "balance": 0 if the ledger adds up, "at_rest": whether nothing moved lately: then the balance must be 0,
//	  "bottleneck": {"limit": "stage" | "source" | "none", "stage", "blocked": [names], "waiting", "stalled", "over_ns", "text"},
//	  "stages": [{
//	    "name", "kind", "from": [names], "fused", "workers",
//	    "in", "out", "made", "delivered", "filtered", "dropped", "failed", "abandoned", "spooled", "held", "working", "queued", "refused",
//	    "restarts", "room", "size", "in_per_second", "out_per_second", "busy_ns", "blocked_ns", "idle_ns",
//	    "latency_ns": {"count", "p50", "p90", "p99", "max"}, "batch": the same, in items,
//	    "lately": {"over_ns", "in_per_second", "out_per_second", "busy", "blocked", "idle"}
//	  }],
//	  "losses": [{"stage", "column", "reason", "items"}]
//	}]}
//
// What is said of a stage is explained at [pipeline.StageStats]: counts, means and quantiles are of the whole run. What
// was lately is of the last five seconds, or of as long as somebody has been looking; whoever asks for the first time gets
// it since the beginning of the run.
//
// # Who may see it
//
// The handler asks nobody who they are: mount it where net/http/pprof would be, on loopback or behind what guards such
// pages. It answers GET and HEAD alone and changes nothing. It shows the names of pipelines, stages and reasons, and
// numbers. It never shows an item, nor the text of an error or a panic, which may quote one. Other
// origins can neither read it nor put it into a frame.
//
// It starts no goroutine, keeps some pictures of each pipeline, and costs the pipelines nothing while nobody asks.
package live
