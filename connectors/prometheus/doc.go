// Package prometheus shows pipelines to Prometheus: a [Collector] has every number of their [pipeline.Stats]. It is a module
// of its own, so that only those who want it depend on Prometheus's client. Where that is imported too, give one of
// them another name:
//
//	import tailprom "github.com/tailrace-go/tailrace/connectors/prometheus"
//
//	collector, err := tailprom.NewCollector(p)
//	prometheus.MustRegister(collector)
//
// # Metrics
//
// Nothing is counted twice for it: a scrape reads one Stats of each pipeline. Counts are in items, since the pipeline began.
//
//	tailrace_pipeline_items_total               counter  pipeline, column         the ledger
//	tailrace_pipeline_dead_letters_total        counter  pipeline, column         that of the dead letters, if there were any
//	tailrace_pipeline_in_flight                 gauge    pipeline                 in links and in the hands of stages
//	tailrace_pipeline_spooled                   gauge    pipeline                 on disk, not yet delivered
//	tailrace_pipeline_bytes                     gauge    pipeline                 charged to the byte budget
//	tailrace_pipeline_losses_total              counter  pipeline, stage, column, reason
//	tailrace_pipeline_stage_info                gauge    pipeline, stage, kind    1
//	tailrace_pipeline_stage_workers             gauge    pipeline, stage          goroutines
//	tailrace_pipeline_stage_items_total         counter  pipeline, stage, column  in, out, and the ledger's columns
//	tailrace_pipeline_stage_held                gauge    pipeline, stage          in its hands
//	tailrace_pipeline_stage_queued              gauge    pipeline, stage          the depth of its link
//	tailrace_pipeline_stage_room                gauge    pipeline, stage          values that the link would still take
//	tailrace_pipeline_stage_time_seconds_total  counter  pipeline, stage, state   busy, blocked on what is downstream, idle
//	tailrace_pipeline_stage_restarts_total      counter  pipeline, stage
//	tailrace_pipeline_stage_latency_seconds     summary  pipeline, stage          from an item's arrival until the stage was done with it; sampled
//	tailrace_pipeline_stage_batch_size          summary  pipeline, stage          items in what it sent
//
// The columns are accepted, made, delivered, filtered, dropped, failed, abandoned and refused. A stage that runs on the
// goroutine of the one above has no link and no time of its own: no queued, room, time. The summaries are since the
// pipeline began, have the quantiles 0.5, 0.9, 0.99 and 1 (the maximum), are at most 25 % above the true value, and
// their sum is not known: NaN. These names and labels stay, and are those that connectors/otel has, as OpenTelemetry
// spells them for Prometheus.
//
// The stage that holds the others up is the first below those whose time goes by as blocked:
//
//	rate(tailrace_pipeline_stage_time_seconds_total{state="blocked"}[1m])
package prometheus
