package ingest

import "github.com/tailrace-go/tailrace/server/store"

// Signal is what a request carries.
type Signal uint8

// The signals.
const (
	Spans Signal = iota
	Logs
	Metrics
	Scores
	Feedback
	signals
)

var signalNames = [signals]string{"spans", "logs", "metrics", "scores", "feedback"}

// String names the signal as the routes do: spans, logs, metrics, scores, feedback.
func (s Signal) String() string {
	if s >= signals {
		return ""
	}
	return signalNames[s]
}

// kind is what a record of the signal is to the store.
func (s Signal) kind() store.Kind {
	return [signals]store.Kind{Logs: store.KindLog, Metrics: store.KindMetric, Scores: store.KindScore, Feedback: store.KindFeedback}[s]
}
