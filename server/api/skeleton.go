package api

import (
	"encoding/json"
	"strconv"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

func (a *API) getTrace(c *call) (any, error) {
	id, err := c.trace()
	if err != nil {
		return nil, err
	}
	most, err := c.number("max_spans", 0, 1, 1_000_000)
	if err != nil {
		return nil, err
	}
	k, err := a.cfg.Store.Trace(c.ctx(), c.project(), id, store.TraceOptions{MaxSpans: most})
	if err != nil {
		return nil, err
	}
	return tagged{k.Commit, (*columns)(k)}, nil
}

// skeleton is a trace without its payloads. It describes what columns writes, for openapi.json and for tests.
type skeleton struct {
	Trace     traceSummary    `json:"trace"`
	Spans     skeletonColumns `json:"spans"`
	Strings   []string        `json:"strings"`   // what name, type, service and model count into; the first is empty
	Truncated bool            `json:"truncated"` // max_spans left some out
}

// skeletonColumns have one row a span, ordered by start.
type skeletonColumns struct {
	ID      []span.ID  `json:"id"`
	Parent  []span.ID  `json:"parent"` // empty for none; may be a span that is not here
	Name    []int32    `json:"name"`
	Type    []int32    `json:"type"`
	Service []int32    `json:"service"`
	Model   []int32    `json:"model"`
	StartNS []int64    `json:"start_ns"` // after the start of the trace, so that a browser's numbers hold it
	DurNS   []int64    `json:"dur_ns"`   // -1 while it runs, 0 for an event
	Status  []string   `json:"status"`   // running, success or error
	Tokens  []*tokens  `json:"tokens"`   // what the span adds to its trace; null for nothing
	Cost    []*float64 `json:"cost"`     // in USD; null: not known
	Event   []bool     `json:"event"`    // a moment without a duration
	Clock   []bool     `json:"clock"`    // its start was not credible and is the time of receipt
}

// columns writes a store's skeleton as JSON: 50,000 rows are too many for reflection.
type columns store.Skeleton

// rowBytes is about what a row takes as JSON.
const rowBytes = 160

func (k *columns) appendJSON(buf []byte) []byte {
	summary, err := encode(summaryOf(&k.Trace))
	if err != nil { // texts and numbers always encode
		panic(err)
	}
	if buf == nil {
		buf = make([]byte, 0, len(summary)+rowBytes*len(k.ID)+1024)
	}
	buf = append(buf, `{"trace":`...)
	buf = append(buf, summary[:len(summary)-1]...)
	buf = append(buf, `,"spans":{`...)
	start := k.Trace.Start.UnixNano()
	buf = column(buf, "id", k.ID, appendID)
	buf = column(append(buf, ','), "parent", k.Parent, appendID)
	for _, c := range []struct {
		name   string
		values []int32
	}{{"name", k.Name}, {"type", k.Type}, {"service", k.Service}, {"model", k.Model}} {
		buf = column(append(buf, ','), c.name, c.values, func(buf []byte, n int32) []byte { return strconv.AppendInt(buf, int64(n), 10) })
	}
	buf = column(append(buf, ','), "start_ns", k.Start, func(buf []byte, ns int64) []byte { return strconv.AppendInt(buf, ns-start, 10) })
	buf = column(append(buf, ','), "dur_ns", k.Dur, func(buf []byte, ns int64) []byte { return strconv.AppendInt(buf, ns, 10) })
	buf = column(append(buf, ','), "status", k.Status, func(buf []byte, s store.Status) []byte {
		return append(append(append(buf, '"'), s.String()...), '"')
	})
	buf = column(append(buf, ','), "tokens", k.Tokens, appendTokens)
	buf = column(append(buf, ','), "cost", k.Cost, appendCost)
	buf = column(append(buf, ','), "event", k.Event, strconv.AppendBool)
	buf = column(append(buf, ','), "clock", k.Clock, strconv.AppendBool)
	buf = append(buf, '}', ',')
	buf = column(buf, "strings", k.Strings, span.AppendText)
	buf = append(buf, `,"truncated":`...)
	return append(strconv.AppendBool(buf, k.Truncated), '}')
}

// MarshalJSON makes columns equal to what encoding/json would write of a skeleton, which a test holds.
func (k *columns) MarshalJSON() ([]byte, error) { return k.appendJSON(nil), nil }

var _ json.Marshaler = (*columns)(nil)

// column appends a member that is an array.
func column[T any](buf []byte, name string, values []T, appendOne func([]byte, T) []byte) []byte {
	buf = append(append(append(buf, '"'), name...), '"', ':', '[')
	for i, v := range values {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = appendOne(buf, v)
	}
	return append(buf, ']')
}

// appendID appends the id of a span. A parent is as it was sent, so it may be any text.
func appendID(buf []byte, id span.ID) []byte { return span.AppendText(buf, string(id)) }

func appendTokens(buf []byte, t span.Tokens) []byte {
	if t == (span.Tokens{}) {
		return append(buf, "null"...)
	}
	buf = strconv.AppendInt(append(buf, `{"input":`...), int64(t.Input), 10)
	buf = strconv.AppendInt(append(buf, `,"output":`...), int64(t.Output), 10)
	buf = strconv.AppendInt(append(buf, `,"total":`...), int64(t.Total), 10)
	buf = strconv.AppendInt(append(buf, `,"cached":`...), int64(t.Cached), 10)
	buf = strconv.AppendInt(append(buf, `,"reasoning":`...), int64(t.Reasoning), 10)
	return append(buf, '}')
}

func appendCost(buf []byte, c *store.Cost) []byte {
	if c == nil {
		return append(buf, "null"...)
	}
	return strconv.AppendFloat(buf, c.USD(), 'g', -1, 64)
}
