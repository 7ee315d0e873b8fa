package serve

import (
	"github.com/tailrace-go/tailrace/server/api"
	"github.com/tailrace-go/tailrace/server/ingest"
	"github.com/tailrace-go/tailrace/server/store"
)

// counts are those of ingest as api shows them: the two do not know each other.
func counts(s ingest.Stats) api.Ingest {
	projects := make(map[string]api.IngestCounts, len(s.Projects))
	for id, accounts := range s.Projects {
		sum := api.IngestCounts{Rejected: map[store.Reason]int64{}, LastSeen: s.LastSeen[id]}
		for _, a := range accounts {
			sum.Received += a.Received
			sum.Stored += a.Stored
			sum.Repeated += a.Repeated
			sum.Returned += a.Returned
			sum.Cut += a.Cut
			sum.Unlinked += a.Unlinked
			for reason, n := range a.Rejected {
				sum.Rejected[reason] += n
			}
		}
		projects[id] = sum
	}
	return api.Ingest{
		Projects: projects, Requests: s.Requests, WireBytes: s.WireBytes,
		QueueBytes: s.Bytes + s.Reading, MaxQueueBytes: s.MaxBytes + s.MaxRead, Waiting: s.Waiting,
		Latency: api.Durations{Bounds: s.Latency.Bounds, Counts: s.Latency.Counts, Sum: s.Latency.Sum},
	}
}

// exporters are the reports of a project's senders, likewise.
func exporters(project string, reports []ingest.Report) []api.Exporter {
	list := make([]api.Exporter, len(reports))
	for i, r := range reports {
		l := r.Ledger
		list[i] = api.Exporter{
			Project: project, Instance: r.Instance, LastSeen: r.LastSeen,
			Accepted: l.Accepted, Made: l.Made, Delivered: l.Delivered, Filtered: l.Filtered, Dropped: l.Dropped, Failed: l.Failed,
			Abandoned: l.Abandoned, Spooled: l.Spooled, Queued: l.InFlight,
		}
	}
	return list
}
