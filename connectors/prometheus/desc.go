package prometheus

import "github.com/prometheus/client_golang/prometheus"

// descs are all that a Collector may show.
var descs []*prometheus.Desc

func describe(name, help string, labels ...string) *prometheus.Desc {
	d := prometheus.NewDesc("tailrace_pipeline_"+name, help, append([]string{"pipeline"}, labels...), nil)
	descs = append(descs, d)
	return d
}

var (
	itemsDesc       = describe("items_total", "Items by column of the pipeline's ledger.", "column")
	deadLettersDesc = describe("dead_letters_total", "Items by column of the ledger of the flows of dead letters.", "column")
	inFlightDesc    = describe("in_flight", "Items in links and in the hands of stages.")
	spooledDesc     = describe("spooled", "Items on disk that are not yet delivered.")
	bytesDesc       = describe("bytes", "Bytes charged to the pipeline's budget.")
	lossesDesc      = describe("losses_total", "Items that were dropped, failed or abandoned, by stage and reason.", "stage", "column", "reason")

	stageInfoDesc     = describe("stage_info", "1, by what kind of stage it is.", "stage", "kind")
	stageWorkersDesc  = describe("stage_workers", "Goroutines that run the stage; one that is fused shares that of the stage above.", "stage")
	stageItemsDesc    = describe("stage_items_total", "Items by column of the stage's account.", "stage", "column")
	stageHeldDesc     = describe("stage_held", "Items in the hands of the stage.", "stage")
	stageQueuedDesc   = describe("stage_queued", "Items that wait in the stage's link.", "stage")
	stageRoomDesc     = describe("stage_room", "Values that the stage's link would still take.", "stage")
	stageTimeDesc     = describe("stage_time_seconds_total", "How the stage's goroutines spent their time: busy, blocked on what is downstream, idle.", "stage", "state")
	stageRestartsDesc = describe("stage_restarts_total", "How often the stage's function was called again after it failed.", "stage")
	stageLatencyDesc  = describe("stage_latency_seconds", "Time from an item's arrival until the stage was done with it; sampled. The sum is not known.", "stage")
	stageBatchDesc    = describe("stage_batch_size", "Items in what the stage sent. The sum is not known.", "stage")
)
