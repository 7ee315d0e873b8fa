package decode

import (
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

func (r *recordReader) log() *store.Log {
	return &store.Log{
		Level:   r.text("level"),
		Message: r.text("message"),
		Data:    r.any("data"),
	}
}

func (r *recordReader) metric() *store.Metric {
	m := &store.Metric{
		Name:   r.required("name", intake.ReasonMissing),
		Value:  r.number("value"),
		Labels: r.labels("labels"),
	}
	cost := r.object("costContext")
	m.Provider, _ = cost.Get("provider").Text()
	m.Model, _ = cost.Get("model").Text()
	m.CostExtra = cost.Get("costMetadata")
	unit, _ := cost.Get("costUnit").Text()
	if usd, ok := cost.Get("estimatedCost").Float(); ok && (unit == "" || strings.EqualFold(unit, "usd")) {
		m.CostUSD = &usd
	} else if ok { // money that cannot be added to dollars
		m.CostExtra = m.CostExtra.Set("estimatedCost", cost.Get("estimatedCost")).Set("costUnit", cost.Get("costUnit"))
	}
	r.cut = r.limits.CutText(&m.Provider) || r.cut
	r.cut = r.limits.CutText(&m.Model) || r.cut
	r.cut = r.limits.CutKeys(&m.CostExtra) || r.cut
	return m
}

// labels returns an object of texts. A number or a truth is taken as it is spelt.
func (r *recordReader) labels(name string) map[string]string {
	v := r.object(name)
	r.cut = r.limits.CutKeys(&v) || r.cut
	var labels map[string]string
	for key, value := range v.Members() {
		text, ok := value.Text()
		switch {
		case value.IsNull():
			continue
		case value.IsObject(), value.IsArray():
			r.fail(name, intake.ReasonType)
		case !ok:
			text = string(value)
		}
		if labels == nil {
			labels = map[string]string{}
		}
		labels[key] = text
	}
	return labels
}

func (r *recordReader) score() *store.Score {
	s := &store.Score{
		ScorerID:         r.required("scorerId", intake.ReasonMissing),
		ScorerName:       r.text("scorerName"),
		ScorerVersion:    r.text("scorerVersion"),
		Source:           r.text("scoreSource", "source"),
		Score:            r.number("score"),
		Reason:           r.text("reason"),
		ExperimentID:     r.experiment(),
		TargetEntityType: r.text("targetEntityType"),
	}
	s.ScoreTraceID, _ = span.TraceID(r.text("scoreTraceId")).W3C()
	return s
}

func (r *recordReader) feedback() *store.Feedback {
	f := &store.Feedback{
		Source:       r.text("feedbackSource", "source"),
		Type:         r.required("feedbackType", intake.ReasonMissing),
		Value:        r.any("value"),
		Comment:      r.text("comment"),
		UserID:       r.text("feedbackUserId", "userId"),
		SourceID:     r.text("sourceId"),
		ExperimentID: r.experiment(),
	}
	if f.Value.IsNull() {
		r.fail("value", intake.ReasonMissing)
	} else if _, text := f.Value.Text(); !text && !isNumber(f.Value) {
		r.fail("value", intake.ReasonType)
	}
	return f
}

// experiment is where 1.x puts it, or where it was before.
func (r *recordReader) experiment() string {
	own := r.text("experimentId")
	if id, ok := r.record.Context.Get("experimentId").Text(); ok && id != "" {
		r.cut = r.limits.CutText(&id) || r.cut
		return id
	}
	return own
}

// date returns a moment in UTC. {} stands for none, as in spans.
func (r *recordReader) date(name string) time.Time {
	v := r.take(name)
	if v.IsNull() || v == "{}" {
		return time.Time{}
	}
	text, ok := v.Text()
	if !ok {
		r.fail(name, intake.ReasonType)
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.UTC().Year() < 1 || at.UTC().Year() > 9999 {
		r.fail(name, intake.ReasonDate)
		return time.Time{}
	}
	return at.UTC()
}
