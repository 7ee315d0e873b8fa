package api

import (
	"net/http"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// recordOperations are about logs, metrics, scores and feedback.
func (a *API) recordOperations() []operation {
	kind := parameter{name: "kind", kind: "string", choices: []string{"log", "metric", "score", "feedback"}, about: "only these"}
	limit := parameter{name: "limit", kind: "integer", about: "1 to 1,000; 100 unless given"}
	cursor := parameter{name: "cursor", kind: "string", about: "next of the page before, with the same other parameters"}
	return []operation{
		{
			Route: access.Route{Method: http.MethodGet, Path: "/api/projects/{p}/records", Need: access.Read},
			id:    "listRecords", topic: "traces", summary: "Lists logs, metrics, scores and feedback, newest first",
			query: []parameter{
				kind, {name: "trace_id", kind: "string", about: "of this trace: all its hex digits"},
				{name: "from", kind: "date-time", about: "of then or later"}, {name: "to", kind: "date-time", about: "of before then"},
				{name: "last", kind: "duration", about: "in place of from and to: a time such as 15m, 24h or 7d, back from now"},
				limit, cursor,
			},
			reply: recordList{}, do: a.listRecords, narrow: "ask for less time with from and to",
		},
		{
			Route: access.Route{Method: http.MethodGet, Path: "/api/projects/{p}/traces/{id}/records", Need: access.Read},
			id:    "listTraceRecords", topic: "traces", summary: "Lists logs, metrics, scores and feedback of a trace, newest first",
			query: []parameter{kind, limit, cursor}, reply: recordList{}, do: a.listTraceRecords, missing: noTrace,
		},
	}
}

// recordList is a page of records.
type recordList struct {
	Records []record `json:"records"`
	Next    *string  `json:"next"` // cursor of the next page; null at the end
}

// record is one log, metric, score or feedback: the member of its kind is there, the other three are not.
type record struct {
	Kind     string        `json:"kind" enum:"log,metric,score,feedback"`
	ID       string        `json:"id"`
	Time     time.Time     `json:"time"`
	TraceID  *span.TraceID `json:"trace_id"` // null: of no trace
	SpanID   *span.ID      `json:"span_id"`  // null: of the whole trace
	Context  span.Value    `json:"context"`  // what the sender calls correlationContext
	Metadata span.Value    `json:"metadata"`
	Tags     []string      `json:"tags"`

	Log      *logRecord      `json:"log,omitempty"`
	Metric   *metricRecord   `json:"metric,omitempty"`
	Score    *scoreRecord    `json:"score,omitempty"`
	Feedback *feedbackRecord `json:"feedback,omitempty"`
}

// logRecord is a line that a program wrote.
type logRecord struct {
	Level   string     `json:"level"` // debug, info, warn, error, fatal, or as sent
	Message string     `json:"message"`
	Data    span.Value `json:"data"`
}

// metricRecord is one measured value.
type metricRecord struct {
	Name         string            `json:"name"`
	Value        span.Value        `json:"value"` // a number, as it was spelt
	Labels       map[string]string `json:"labels"`
	Provider     string            `json:"provider"`
	Model        string            `json:"model"`
	CostUSD      *float64          `json:"cost_usd"` // estimated; null: not known
	CostMetadata span.Value        `json:"cost_metadata"`
}

// scoreRecord is a judgement by a scorer.
type scoreRecord struct {
	ScorerID         string       `json:"scorer_id"`
	ScorerName       string       `json:"scorer_name"`
	ScorerVersion    string       `json:"scorer_version"`
	Source           string       `json:"source"`
	Score            span.Value   `json:"score"` // a number, as it was spelt
	Reason           string       `json:"reason"`
	ExperimentID     string       `json:"experiment_id"`
	ScoreTraceID     span.TraceID `json:"score_trace_id"` // the scorer's own trace
	TargetEntityType string       `json:"target_entity_type"`
}

// feedbackRecord is a judgement by a person.
type feedbackRecord struct {
	Source       string     `json:"source"`
	Type         string     `json:"type"`
	Value        span.Value `json:"value"` // a number or a text
	Comment      string     `json:"comment"`
	UserID       string     `json:"user_id"`
	SourceID     string     `json:"source_id"`
	ExperimentID string     `json:"experiment_id"`
}

func (a *API) listRecords(c *call) (any, error) {
	from, to, err := c.span(a.cfg.Now())
	if err != nil {
		return nil, err
	}
	page, err := a.records(c, store.RecordQuery{TraceID: span.TraceID(c.query.Get("trace_id")), From: from, To: to})
	return page, err
}

func (a *API) listTraceRecords(c *call) (any, error) {
	id, err := c.trace()
	if err != nil {
		return nil, err
	}
	page, err := a.records(c, store.RecordQuery{TraceID: id})
	if err == nil && len(page.Records) == 0 {
		_, err = a.cfg.Store.Trace(c.ctx(), c.project(), id, store.TraceOptions{MaxSpans: 1}) // a trace without records, or none
	}
	return page, err
}

func (a *API) records(c *call, q store.RecordQuery) (recordList, error) {
	var err error
	if q.Limit, err = c.number("limit", 0, 1, 1000); err != nil {
		return recordList{}, err
	}
	q.Kind, q.Cursor = kindOf(c.query.Get("kind")), c.query.Get("cursor")
	page, err := a.cfg.Store.Records(c.ctx(), c.project(), q)
	if err != nil {
		return recordList{}, err
	}
	records := make([]record, len(page.Records))
	for i := range page.Records {
		records[i] = recordOf(&page.Records[i])
	}
	return recordList{Records: records, Next: optional(page.Next)}, nil
}

// kindOf is 0 for no kind; the table lets no other text through.
func kindOf(name string) store.Kind {
	for k := store.KindLog; k <= store.KindFeedback; k++ {
		if k.String() == name {
			return k
		}
	}
	return 0
}

func recordOf(r *store.Record) record {
	out := record{
		Kind: r.Kind.String(), ID: r.ID, Time: r.At.UTC(), SpanID: optionalID(r.SpanID), Context: r.Context, Metadata: r.Metadata, Tags: list(r.Tags),
	}
	if r.TraceID != "" {
		out.TraceID = &r.TraceID
	}
	if l := r.Log; l != nil {
		out.Log = &logRecord{Level: l.Level, Message: l.Message, Data: l.Data}
	}
	if m := r.Metric; m != nil {
		out.Metric = &metricRecord{Name: m.Name, Value: m.Value, Labels: m.Labels, Provider: m.Provider, Model: m.Model, CostUSD: m.CostUSD, CostMetadata: m.CostExtra}
		if m.Labels == nil {
			out.Metric.Labels = map[string]string{}
		}
	}
	if s := r.Score; s != nil {
		out.Score = &scoreRecord{
			ScorerID: s.ScorerID, ScorerName: s.ScorerName, ScorerVersion: s.ScorerVersion, Source: s.Source, Score: s.Score, Reason: s.Reason,
			ExperimentID: s.ExperimentID, ScoreTraceID: s.ScoreTraceID, TargetEntityType: s.TargetEntityType,
		}
	}
	if f := r.Feedback; f != nil {
		out.Feedback = &feedbackRecord{Source: f.Source, Type: f.Type, Value: f.Value, Comment: f.Comment, UserID: f.UserID, SourceID: f.SourceID, ExperimentID: f.ExperimentID}
	}
	return out
}
